// A conversation, line by line, with the tone beside each line and the words that a nudge rests on marked.

import { h, unseen } from "./dom.js";
import { bar } from "./tone.js";
import { clock, happened, plain, tone } from "./words.js";

const SPEAKERS = { customer: "customer", agent: "agent", bot: "bot", supervisor: "supervisor" };
const NEAR_END_PX = 80;
const UNFINISHED_MS = 8_000; // what nobody goes on with leaves
const ms = ({ at }) => Date.parse(at); // as text 05.2Z would come before 05Z

/** A list of lines; `put` adds or changes one, `mark` says which words count. */
export class Transcript {
  constructor(list, { agentName = "agent" } = {}) {
    this.list = list;
    this.scroll = list.parentElement;
    this.agentName = agentName;
    this.clear();
  }

  clear() {
    for (const role of [...(this.unfinished?.keys() ?? [])]) this.unhear(role);
    this.unfinished = new Map();
    this.lines = new Map();
    this.marks = new Map();
    this.list.replaceChildren();
  }

  /** Whether the reader is at the end, and wants to stay there. */
  get atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroll;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  /** To the newest line. */
  toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  /** Show these lines, and no others. */
  all(lines, cards) {
    this.clear();
    this.marks = marksOf(cards);
    for (const line of lines) this.place(line);
    this.toEnd();
  }

  /** Add a line, or change it; stays at the end when the reader was there. */
  put(line) {
    const stay = this.atEnd;
    this.place(line);
    if (stay) this.toEnd();
  }

  /** Show words that are being said; the next ones of the same side take their place. */
  hear(said) {
    if (this.lines.has(said.fragment_id)) return;
    const stay = this.atEnd;
    const held = this.unfinished.get(said.role);
    const element = this.draw({ ...said, kind: "said" });
    element.classList.add("unfinished");
    element.setAttribute("aria-hidden", "true"); // a reader hears the line once, when it is final
    if (held) held.element.replaceWith(element);
    else this.list.append(element);
    clearTimeout(held?.timer);
    const timer = setTimeout(() => this.unhear(said.role), UNFINISHED_MS);
    this.unfinished.set(said.role, { said, element, timer });
    if (stay) this.toEnd();
  }

  unhear(role) {
    const held = this.unfinished.get(role);
    clearTimeout(held?.timer);
    held?.element.remove();
    this.unfinished.delete(role);
  }

  remove(fragmentId) {
    this.lines.get(fragmentId)?.element.remove();
    this.lines.delete(fragmentId);
  }

  /** Mark the words of these cards. */
  mark(cards) {
    const before = this.marks;
    this.marks = marksOf(cards);
    for (const id of new Set([...before.keys(), ...this.marks.keys()])) {
      const held = this.lines.get(id);
      if (held) this.place(held.line);
    }
  }

  place(line) {
    const unfinished = this.unfinished.get(line.role)?.said;
    if (unfinished && (unfinished.fragment_id === line.fragment_id || ms(unfinished) <= ms(line))) this.unhear(line.role);
    const element = this.draw(line);
    const held = this.lines.get(line.fragment_id);
    if (held) held.element.replaceWith(element);
    else {
      // late lines find their place
      const later = [...this.lines.values()].find((other) => ms(other.line) > ms(line));
      const [unheard] = this.unfinished.values();
      this.list.insertBefore(element, later?.element ?? unheard?.element ?? null);
    }
    this.lines.set(line.fragment_id, { line, element });
    if (!held) this.sortKeys();
  }

  sortKeys() {
    this.lines = new Map([...this.lines].sort(([, a], [, b]) => ms(a.line) - ms(b.line)));
  }

  draw(line) {
    if (line.kind !== "said") {
      const words = [happened(line.kind), line.text && line.text !== "completed" ? plain(line.text) : ""];
      return h("li.event", {}, h("time", { datetime: line.at }, clock(line.at)), words.filter(Boolean).join(": "));
    }
    const who = line.role === "agent" ? this.agentName : (SPEAKERS[line.role] ?? line.role);
    const customer = line.role === "customer";
    const felt = customer && line.feeling && line.feeling !== "satisfaction" ? line.feeling : null;
    return h(
      `li.said.${line.role}`,
      {},
      h("time", { datetime: line.at }, clock(line.at)),
      bar(customer ? line.valence : null),
      h("span.who", {}, who),
      h(
        "div.words",
        {},
        h("p", {}, ...marked(line.text, this.marks.get(line.fragment_id) ?? [])),
        customer && line.valence !== null && line.valence !== undefined ? unseen(`tone: ${tone(line.valence)}`) : null,
        felt ? h(`span.felt.${felt}`, {}, felt) : null,
      ),
    );
  }
}

/** By fragment: the stretches of text that cards rest on, as code points. */
function marksOf(cards) {
  const marks = new Map();
  const add = (id, mark) => marks.set(id, [...(marks.get(id) ?? []), mark]);
  for (const { nudge } of cards) {
    for (const word of nudge.why.evidence ?? []) add(word.fragment_id, { ...word, kind: "evidence", says: nudge.title });
    for (const word of nudge.why.carried ?? []) add(word.fragment_id, { ...word, kind: "carried", says: plain(word.signal) });
  }
  return marks;
}

/** Text with its marks; where several lie over each other, evidence wins. Offsets count code points. */
export function marked(words, marks) {
  const letters = Array.from(words);
  const kinds = new Array(letters.length).fill(null);
  const inOrder = [...marks].sort((a) => (a.kind === "evidence" ? 1 : -1));
  for (const mark of inOrder) kinds.fill(mark, mark.start, Math.min(mark.end, letters.length));
  const parts = [];
  for (let from = 0; from < letters.length; ) {
    let to = from;
    while (to < letters.length && kinds[to] === kinds[from]) to += 1;
    const part = letters.slice(from, to).join("");
    const mark = kinds[from];
    parts.push(mark ? h(`mark.${mark.kind}`, { title: mark.says }, part) : part);
    from = to;
  }
  return parts;
}
