// The last hour of the floor: tone as a curve, escalations as ticks, nudges counted.

import { h } from "./dom.js";
import { percent } from "./words.js";

const WIDTH = 640;
const HEIGHT = 56;

const total = (minutes, name) => minutes.reduce((sum, minute) => sum + minute[name], 0);

/** The tone of some minutes together, weighted by what was said; null when nothing was. */
function toneOf(minutes) {
  const said = total(minutes, "said");
  if (!said) return null;
  return minutes.reduce((sum, minute) => sum + (minute.tone ?? 0) * minute.said, 0) / said;
}

/** Draw figures and curve of sixty minutes, oldest first. */
export function draw(figures, chart, minutes) {
  const tone = toneOf(minutes.slice(-10));
  const before = toneOf(minutes.slice(-20, -10));
  const answered = total(minutes, "accepted") + total(minutes, "dismissed");
  const said = total(minutes, "said");
  figures.replaceChildren(
    figure("tone, 10 min", tone === null ? "–" : signed(tone), tone !== null && before !== null ? `${signed(tone - before)} on the ten before` : ""),
    figure("negative", said ? percent(total(minutes, "negative") / said) : "–", "of what customers said"),
    figure("escalations", String(total(minutes, "escalations")), "in the last hour"),
    figure("nudges", String(total(minutes, "nudges")), answered ? `${percent(total(minutes, "accepted") / answered)} of ${answered} answers: accepted` : "none answered yet"),
  );
  chart.replaceChildren(picture(minutes, tone), h("p.axis.meta", { "aria-hidden": "true" }, h("span", {}, "an hour ago"), h("span", {}, "customers' tone, and escalations below"), h("span", {}, "now")));
}

function figure(name, value, note) {
  return h("div.figure", {}, h("span.name", {}, name), h("b", {}, value), h("span.meta", {}, note));
}

function picture(minutes, tone) {
  const spoken = minutes.filter((minute) => minute.tone !== null);
  const label = spoken.length
    ? `Customers' tone over the last hour, now ${signed(tone ?? 0)}, lowest ${signed(Math.min(...spoken.map((m) => m.tone)))}; ${total(minutes, "escalations")} escalations`
    : "Nothing was said in the last hour";
  const svg = h("svg.trend", { viewBox: `0 0 ${WIDTH} ${HEIGHT + 14}`, preserveAspectRatio: "none", role: "img", "aria-label": label });
  const step = WIDTH / minutes.length;
  const middle = HEIGHT / 2;
  svg.append(h("line.middle", { x1: 0, x2: WIDTH, y1: middle, y2: middle }));
  minutes.forEach((minute, number) => {
    const x = number * step;
    if (minute.tone !== null) {
      const tall = Math.max(1, Math.abs(minute.tone) * middle);
      const kind = minute.tone < -0.1 ? "bad" : minute.tone > 0.1 ? "good" : "even";
      svg.append(h(`rect.${kind}`, { x: x + 1, width: step - 2, y: minute.tone > 0 ? middle - tall : middle, height: tall, rx: 1 }));
    }
    for (let count = 0; count < Math.min(3, minute.escalations); count += 1) {
      svg.append(h("rect.raised", { x: x + 2, width: step - 4, y: HEIGHT + 2 + 4 * count, height: 3 }));
    }
  });
  return svg;
}

const signed = (number) => `${number > 0 ? "+" : number < 0 ? "−" : ""}${Math.abs(number).toFixed(2)}`;
