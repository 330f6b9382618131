// Tone as a picture: a bar beside a line of talk, a small curve over a conversation.

import { h } from "./dom.js";
import { tone } from "./words.js";

/** A bar from the middle: to the left negative, to the right positive. For the eye; words say it as well. */
export function bar(valence) {
  if (valence === null || valence === undefined) return h("span.tone", { "aria-hidden": "true" });
  const share = Math.min(1, Math.abs(valence));
  const fill = h(`i.${valence < -0.1 ? "bad" : valence > 0.1 ? "good" : "even"}`);
  fill.style.width = `${Math.max(4, 50 * share)}%`;
  if (valence < 0) fill.style.right = "50%";
  else fill.style.left = "50%";
  return h("span.tone", { "aria-hidden": "true", title: `tone ${valence.toFixed(2)}` }, fill);
}

/** A curve of valences, oldest left, with the middle marked; described for screen readers. */
export function curve(tones, { width = 96, height = 24, name = "tone" } = {}) {
  const last = tones.at(-1);
  const label = tones.length
    ? `${name}: now ${tone(last)}, lowest ${tone(Math.min(...tones))}`
    : `${name}: nothing said yet`;
  const svg = h("svg.curve", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  svg.append(h("line.middle", { x1: 0, x2: width, y1: height / 2, y2: height / 2 }));
  if (!tones.length) return svg;
  const y = (valence) => height / 2 - valence * (height / 2 - 3);
  const step = tones.length > 1 ? (width - 6) / (tones.length - 1) : 0;
  const points = tones.map((valence, number) => [3 + number * step, y(valence)]);
  const path = points.map(([px, py], number) => `${number ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
  const [endX, endY] = points.at(-1);
  const kind = last < -0.2 ? "bad" : last > 0.2 ? "good" : "even";
  svg.append(h("path", { d: path }), h(`circle.${kind}`, { cx: endX, cy: endY, r: 2.5 }));
  return svg;
}
