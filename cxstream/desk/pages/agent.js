// The agent's desktop: the conversations that are theirs, the nudges of the one in front, what came before.

import * as cards from "./cards.js";
import { at, fill, h, keyed, text, unseen } from "./dom.js";
import { announce, connection, frame, keys, notice } from "./frame.js";
import { follow } from "./stream.js";
import { curve } from "./tone.js";
import { Transcript } from "./transcript.js";
import { ago, channel, clock, lasting, level, percent, plain } from "./words.js";

const viewer = frame("agent");
const conversations = new Map();
const transcript = new Transcript(at("transcript"), { agentName: "you" });
let front = null;
let lastAnswered = null;

const events = {
  hello: begin,
  reset: begin,
  conversation(view) {
    const known = conversations.get(view.row.conversation_id);
    conversations.set(view.row.conversation_id, view);
    if (!known) announce(`New ${channel(view.row.channel)} with ${view.row.customer_id ?? "a customer"}`);
    // a nudge may be here before anything is known of its conversation, and then comes with it
    const held = new Set((known?.cards ?? []).map(({ nudge }) => nudge.id));
    for (const card of view.cards) if (!held.has(card.nudge.id) && card.state === "open") tellOf(card);
    const over = !front || !conversations.has(front) || conversations.get(front).row.state === "ended";
    if (over || front === view.row.conversation_id) bring(view.row.conversation_id);
    drawList();
  },
  said({ row, line, next_actions, deleted }) {
    const view = conversations.get(row.conversation_id);
    if (!view) return;
    view.row = row;
    view.next_actions = next_actions;
    if (line) view.lines = [...view.lines.filter((l) => l.fragment_id !== line.fragment_id), line];
    if (deleted) view.lines = view.lines.filter((l) => l.fragment_id !== deleted);
    if (front === row.conversation_id) {
      const stay = transcript.atEnd;
      if (line) transcript.put(line);
      if (deleted) transcript.remove(deleted);
      drawAbout(view);
      drawNext(view);
      if (stay) transcript.toEnd();
    }
    drawList();
  },
  hearing(said) {
    if (front === said.conversation_id) transcript.hear(said);
  },
  nudge(card) {
    const view = put(card);
    if (!view) return;
    tellOf(card);
    drawList();
  },
  answered: put,
  gone({ id, reason }) {
    if (conversations.delete(id)) {
      if (front === id) bring(latest());
      drawList();
      return;
    }
    for (const view of conversations.values()) {
      const held = view.cards.find((card) => card.nudge.id === id);
      if (!held) continue;
      view.cards = view.cards.filter((card) => card !== held);
      if (held.state === "open" && reason === "withdrawn") announce(`Withdrawn: ${held.nudge.title}`);
      if (front === view.row.conversation_id) drawCards(view);
    }
    drawList();
  },
};

function begin({ conversations: views = [] }) {
  conversations.clear();
  for (const view of views) conversations.set(view.row.conversation_id, view);
  bring(conversations.has(front) ? front : latest());
  drawList();
}

/** Tell whoever listens to the page instead of looking at it. */
function tellOf({ nudge }) {
  announce(`Nudge: ${nudge.title}. ${nudge.say}`);
}

/** Put a card in its conversation; those that have to be said first, then by priority. */
function put(card) {
  const view = conversations.get(card.nudge.conversation_id);
  if (!view) return null;
  const others = view.cards.filter((held) => held.nudge.id !== card.nudge.id);
  const weight = ({ nudge }) => (nudge.must_say ? 1000 : 0) + (nudge.priority ?? 50);
  view.cards = [...others, card].sort((a, b) => weight(b) - weight(a));
  if (front === view.row.conversation_id) drawCards(view);
  return view;
}

/** The live conversation in which something was said last. */
function latest() {
  const live = [...conversations.values()].filter(({ row }) => row.state !== "ended");
  const found = live.sort((a, b) => Date.parse(b.row.last_at) - Date.parse(a.row.last_at))[0];
  return found?.row.conversation_id ?? [...conversations.keys()].at(-1) ?? null;
}

/** Bring a conversation to the front. */
function bring(id) {
  const reading = front === id && !transcript.atEnd ? transcript.scroll.scrollTop : null;
  front = id;
  const view = conversations.get(id);
  at("main").dataset.empty = view ? "no" : "yes";
  if (!view) {
    at("about").replaceChildren(h("h2", {}, "No conversation"), h("p", {}, "It shows here as soon as one is yours."));
    transcript.clear();
    at("cards").replaceChildren();
    for (const part of ["promised", "before", "next"]) at(part).hidden = true;
    at("calm").hidden = false;
    return;
  }
  transcript.all(view.lines, view.cards.filter((card) => card.state === "open"));
  drawAbout(view);
  drawCards(view);
  drawNext(view);
  drawBefore(view);
  drawList();
  if (reading === null) transcript.toEnd();
  else transcript.scroll.scrollTop = reading;
}

function drawList() {
  const rows = [...conversations.values()].map(({ row }) => row).sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at));
  keyed(at("conversations"), rows, (row) => row.conversation_id, (row, held) => {
    const button = held ?? h("button.conversation", { type: "button", onclick: () => bring(row.conversation_id) });
    const current = row.conversation_id === front;
    button.setAttribute("aria-current", current ? "true" : "false");
    fill(
      button,
      h("span.name", {}, row.customer_id ?? "not known yet"),
      h("span.meta", {}, `${channel(row.channel)}${row.state === "live" ? "" : ` · ${plain(row.state)}`}`),
      row.nudges && !current ? h("span.badge", {}, String(row.nudges), unseen(" nudges")) : null,
      curve(row.tones, { width: 150, height: 20 }),
    );
    return button;
  });
}

function drawAbout({ row, lines }) {
  const tones = lines.filter((line) => line.role === "customer" && typeof line.valence === "number").map((line) => line.valence);
  const risk = level(row.risk);
  const about = at("about");
  const kept = about.querySelector(".facts time");
  fill(
    about,
    h("h2", {}, row.customer_id ?? "Customer not known yet"),
    h(
      "p.facts",
      {},
      h("span.tag", {}, channel(row.channel)),
      row.queue ? h("span.tag", {}, row.queue) : null,
      h(`span.tag.state.${row.state}`, {}, plain(row.state)),
      kept ?? h("time", { "data-since": row.started_at, "data-until": row.state === "ended" ? row.last_at : null }),
      h(`span.risk.${risk}`, {}, `risk ${risk}`, unseen(`, ${percent(row.risk)}`)),
    ),
    h("div.overall", {}, curve(tones, { width: 220, height: 32, name: "customer's tone" })),
    row.intents.length ? h("p.topics", {}, row.intents.map((intent) => h("span.topic", {}, plain(intent)))) : null,
  );
  tick();
}

function drawCards(view) {
  const open = view.cards.filter((card) => card.state === "open");
  const first = open[0]?.nudge.id;
  const order = [...open, ...view.cards.filter((card) => card.state !== "open")];
  keyed(at("cards"), order, (card) => card.nudge.id, (card, held) => {
    const form = `${card.state}/${card.nudge.id === first}`;
    if (held?.dataset.form === form) return held;
    const within = held?.contains(document.activeElement);
    const element = cards.draw(card, card.nudge.id === first, act);
    element.dataset.form = form;
    if (within) requestAnimationFrame(() => element.querySelector("button")?.focus());
    return element;
  });
  at("calm").hidden = open.length > 0;
  transcript.mark(open);
  for (const card of open) cards.saw(card.nudge.id);
}

function drawNext({ next_actions: next, row }) {
  const likely = row.state === "ended" ? [] : next.slice(0, 3);
  at("next").hidden = !likely.length;
  at("next").replaceChildren(
    "Usual next step: ",
    ...likely.map(([label, probability]) => h("span.topic", {}, `${plain(label.replace(/_\d+$/, ""))} ${percent(probability)}`)),
  );
}

function drawBefore({ passport, earlier, promises }) {
  at("promised").hidden = !promises.length;
  at("promises").replaceChildren(
    ...promises.map((promise) =>
      h("li", { class: promise.late ? "late" : null }, h("b", {}, plain(promise.what)), promise.words ? h("span.words", {}, `“${promise.words}”`) : null, promise.due ? h("span.due", {}, `${promise.late ? "late: was due" : "due"} ${new Date(promise.due).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`) : null),
    ),
  );
  const notes = passport
    ? [
        ["Why they are in touch", passport.why],
        ["Still open", (passport.unresolved ?? []).map(plain)],
        ["Tried already", (passport.tried ?? []).map(({ what, outcome }) => (outcome ? `${plain(what)}: ${plain(outcome)}` : plain(what)))],
        ["Don't ask again", (passport.do_not_ask ?? []).map(plain)],
      ].filter(([, found]) => found?.length)
    : [];
  at("passport").replaceChildren(
    ...(notes.length ? [h("dl.passport", {}, notes.map(([name, found]) => [h("dt", {}, name), ...found.map((words) => h("dd", {}, words))]))] : []),
  );
  at("earlier").replaceChildren(
    ...earlier.map((other) =>
      h(
        "article.earlier",
        {},
        h("h3", {}, `${channel(other.channel)}, ${ago(other.last_at)}`, other.agent_id ? h("span.meta", {}, ` with ${other.agent_id}`) : null),
        other.summary ? h("p", {}, other.summary) : null,
        h("ul", {}, other.said.map((line) => h("li", {}, h("time", { datetime: line.at }, clock(line.at)), `“${line.text}”`))),
      ),
    ),
  );
  at("before").hidden = !notes.length && !earlier.length;
  if (!at("before").hidden) text(at("before-title"), earlier.length ? "Before this, elsewhere" : "Before this");
}

async function act(id, kind) {
  const before = lastAnswered;
  lastAnswered = kind === "undone" ? null : id; // now: the stream may show the answer before its request returns
  const { ok, body } = await cards.answer(id, kind);
  if (!ok) {
    lastAnswered = before;
    notice(body.mend ?? "It was not noted.");
    return;
  }
  announce({ accepted: "Accepted", dismissed: "Dismissed", later: "Put aside", undone: "Taken back" }[kind]);
}

function tick() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    text(time, lasting(time.dataset.since, time.dataset.until ? new Date(time.dataset.until) : Date.now()));
  }
}

/** Do something with the first open card. */
const first = (kind) => () => {
  const open = conversations.get(front)?.cards.find((card) => card.state === "open");
  if (!open) return false;
  act(open.nudge.id, kind);
  return true;
};

if (viewer) {
  const numbers = Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => [String(number), () => at("conversations").children[number - 1]?.click()]),
  );
  keys({
    a: first("accepted"),
    l: first("later"),
    d: first("dismissed"),
    u: () => lastAnswered && act(lastAnswered, "undone"),
    w: () => {
      const details = at("cards").querySelector(".current details");
      if (details) details.open = !details.open;
    },
    ...numbers,
  });
  setInterval(tick, 1_000);
  document.addEventListener("visibilitychange", () => {
    const view = conversations.get(front);
    if (view) drawCards(view);
  });
  follow("/v1/desk/stream", (kind, data) => events[kind]?.(data), connection);
}
