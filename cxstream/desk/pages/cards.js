// A nudge as a card: what to say, why, and what the agent makes of it.

import { h, unseen } from "./dom.js";
import { send } from "./session.js";
import { percent, plain } from "./words.js";

const ANSWERED = { accepted: "Accepted", dismissed: "Dismissed", later: "Later" };
const shown = new Set();

/** Tell once that a card is on the screen. */
export function saw(id) {
  if (shown.has(id) || document.visibilityState !== "visible") return;
  shown.add(id);
  send(`/v1/nudges/${encodeURIComponent(id)}/answers`, { kind: "shown" });
}

/** Answer a card; `{ok, body}`. */
export function answer(id, kind) {
  return send(`/v1/nudges/${encodeURIComponent(id)}/answers`, { kind });
}

/** The card as an element; `act(id, kind)` is called by its buttons. The `current` one is open. */
export function draw(card, current, act) {
  const { nudge, state } = card;
  if (state !== "open") return answered(card, act);
  const said = nudge.say
    ? h("blockquote", { "aria-label": "suggested words" }, nudge.say)
    : null;
  const element = h(
    `article.card${current ? ".current" : ""}${nudge.must_say ? ".must" : ""}`,
    { "aria-label": `nudge: ${nudge.title}`, "data-nudge": nudge.id },
    h("header", {}, nudge.must_say ? h("span.tag.must", {}, "has to be said") : null, h("h3", {}, nudge.title)),
    said,
    h("p.because", {}, unseen("why: "), nudge.why.because),
    h(
      "div.buttons",
      {},
      button("Accept", "a", "primary", () => act(nudge.id, "accepted"), current, nudge),
      button("Later", "l", "", () => act(nudge.id, "later"), current, nudge),
      button("Dismiss", "d", "", () => act(nudge.id, "dismissed"), current, nudge),
    ),
    left(nudge),
    details(nudge),
  );
  return element;
}

function button(words, key, kind, act, current, nudge) {
  return h(
    `button.${kind || "plain"}`,
    { type: "button", onclick: act, "aria-keyshortcuts": current ? key.toUpperCase() : null },
    words,
    unseen(`: ${nudge.title}`),
    current ? h("kbd", { "aria-hidden": "true" }, key.toUpperCase()) : null,
  );
}

/** How much of its time a card has left: a line that gets shorter. */
function left(nudge) {
  const fill = h("i");
  const began = new Date(nudge.event_time);
  const ends = new Date(nudge.expires_at);
  const tick = () => {
    const share = (ends - Date.now()) / Math.max(1, ends - began);
    fill.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
    if (fill.isConnected) setTimeout(tick, 2_000);
  };
  setTimeout(tick);
  return h("div.left", { "aria-hidden": "true", title: "time left" }, fill);
}

function details(nudge) {
  const { why } = nudge;
  const words = [...(why.evidence ?? []).map((e) => ["said", e.text]), ...(why.carried ?? []).map((c) => [plain(c.signal), c.text])];
  const scores = Object.entries(why.scores ?? {});
  const rejected = why.rejected ?? [];
  return h(
    "details",
    {},
    h("summary", {}, "Why this"),
    h(
      "dl",
      {},
      words.map(([from, what]) => [h("dt", {}, from), h("dd.quoted", {}, `“${what}”`)]),
      scores.map(([name, value]) => [h("dt", {}, plain(name.replaceAll(".", " "))), h("dd", {}, shownValue(value))]),
      h("dt", {}, "rule"),
      h("dd", {}, `${why.rule.id} (${why.rule.playbook} ${why.rule.version})`),
      why.degraded ? [h("dt", {}, "model"), h("dd", {}, "word lists only: the model was late")] : null,
      rejected.map((other) => [h("dt", {}, `not ${plain(other.rule)}`), h("dd", {}, other.reason)]),
    ),
  );
}

function shownValue(value) {
  if (typeof value === "number" && value > 0 && value < 1) return percent(value);
  return plain(value);
}

function answered({ nudge, state }, act) {
  return h(
    "article.card.answered",
    { "aria-label": `${ANSWERED[state]}: ${nudge.title}`, "data-nudge": nudge.id },
    h("span.state", {}, ANSWERED[state]),
    h("span.title", {}, nudge.title),
    h(
      "button.plain",
      { type: "button", onclick: () => act(nudge.id, "undone") },
      state === "later" ? "Show" : "Undo",
      unseen(`: ${nudge.title}`),
    ),
  );
}
