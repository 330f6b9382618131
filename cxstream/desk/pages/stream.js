// A live stream (Server-Sent Events) over fetch, because an EventSource cannot send a token. It resumes by
// the id of the last event, and waits longer from try to try while the desk is away.

import { ask, claims } from "./session.js";

const WAIT_FIRST_MS = 500;
const WAIT_MOST_MS = 15_000;

/**
 * Follow `path`; `on(kind, data)` gets every event, `state(word)` gets `live`, `away` or `over`.
 * Gives a function that ends it.
 */
export function follow(path, on, state = () => {}) {
  const ending = new AbortController();
  run(path, on, state, ending.signal);
  return () => ending.abort();
}

async function run(path, on, state, signal) {
  let last = null;
  let waitMs = WAIT_FIRST_MS;
  while (!signal.aborted) {
    try {
      const headers = last ? { "Last-Event-ID": last } : {};
      const answer = await ask(path, { headers, signal });
      if (answer.status === 401 || answer.status === 403 || answer.status === 404) {
        state("over");
        if (answer.status !== 401 || !claims()) return;
      } else if (answer.ok) {
        state("live");
        waitMs = WAIT_FIRST_MS;
        last = await read(answer.body, on, last);
      }
    } catch {
      // fall through: it will be tried again
    }
    if (signal.aborted) return;
    state("away");
    await new Promise((done) => setTimeout(done, waitMs * (0.5 + Math.random())));
    waitMs = Math.min(2 * waitMs, WAIT_MOST_MS);
  }
}

/** Read events until the stream ends, also by an error; the id of the last one. */
async function read(body, on, last) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return last;
      held += value;
      for (let end = held.indexOf("\n\n"); end >= 0; end = held.indexOf("\n\n")) {
        const event = parse(held.slice(0, end));
        held = held.slice(end + 2);
        if (event.id) last = event.id;
        if (event.data) on(event.kind, JSON.parse(event.data));
      }
    }
  } catch {
    return last;
  }
}

function parse(block) {
  const event = { id: null, kind: "message", data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).trimStart();
    if (line.startsWith("id:")) event.id = value;
    else if (line.startsWith("event:")) event.kind = value;
    else if (line.startsWith("data:")) event.data += value;
  }
  return event;
}
