// Listening in: what is said in one conversation, and what its agent is shown, beside the floor.

import { at, fill, h, keyed, text } from "./dom.js";
import { follow } from "./stream.js";
import { Transcript } from "./transcript.js";
import { channel } from "./words.js";

/** The panel of the conversation that is listened in to; its lines come on a stream of their own. */
export class Listening {
  /** Of the conversation, or null. */
  id = null;
  #changed;
  #shown = new Map();
  #transcript = new Transcript(at("transcript"));
  #end = () => {};

  /** `changed` is called when another conversation, or none, is listened in to. */
  constructor(changed) {
    this.#changed = changed;
  }

  to(id) {
    if (this.id === id) return;
    this.#end();
    this.id = id;
    at("watch").hidden = false;
    this.#transcript.clear();
    this.#end = follow(`/v1/conversations/${encodeURIComponent(id)}/stream`, (kind, data) => this.#hear(kind, data));
    this.#changed();
  }

  /** Says whether there was anything to stop. */
  stop() {
    if (!this.id) return false;
    this.#end();
    this.id = null;
    at("watch").hidden = true;
    this.#changed();
    return true;
  }

  #hear(kind, data) {
    if (kind === "hello" || kind === "reset") this.#begin(data.conversations?.[0]);
    else if (kind === "conversation") this.#begin(data);
    else if (kind === "said") {
      if (data.line) this.#transcript.put(data.line);
      if (data.deleted) this.#transcript.remove(data.deleted);
      drawFacts(data.row);
    } else if (kind === "hearing") this.#transcript.hear(data);
    else if (kind === "nudge" || kind === "answered") {
      this.#shown.set(data.nudge.id, data);
      this.#drawCards();
    } else if (kind === "gone") {
      this.#shown.delete(data.id);
      this.#drawCards();
    }
  }

  #begin(view) {
    if (!view) return;
    this.#transcript.agentName = view.row.agent_id ?? "agent";
    this.#shown.clear();
    for (const card of view.cards) this.#shown.set(card.nudge.id, card);
    this.#transcript.all(view.lines, []);
    drawFacts(view.row);
    this.#drawCards();
    this.#transcript.toEnd();
  }

  #drawCards() {
    const cards = [...this.#shown.values()];
    keyed(at("watch-cards"), cards, ({ nudge }) => nudge.id, ({ nudge, state }) =>
      h("p.shown", {}, h("span.state", {}, state === "open" ? "shown to the agent" : state), nudge.title),
    );
    this.#transcript.mark(cards.filter(({ state }) => state === "open"));
  }
}

/** The way to everything that happened to a customer; nothing while nobody knows who it is. */
export function journeyLink(customer) {
  return customer ? h("a.button", { href: `/journey#customer=${encodeURIComponent(customer)}` }, "Journey") : null;
}

function drawFacts(row) {
  text(at("watch-title"), row.customer_id ?? "Customer not known yet");
  fill(
    at("watch-facts"),
    h("span.tag", {}, channel(row.channel)),
    row.queue && h("span.tag", {}, row.queue),
    row.agent_id && h("span.meta", {}, `with ${row.agent_id}`),
    journeyLink(row.customer_id),
  );
}
