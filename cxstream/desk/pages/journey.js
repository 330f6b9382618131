// The journey of a customer: heard, understood, decided, done, and what came of it, in order.

import { at, fill, h } from "./dom.js";
import { frame, keys, notice } from "./frame.js";
import { ask, asked } from "./session.js";
import { clock, percent, plain } from "./words.js";

const STAGES = { heard: "heard", understood: "understood", decided: "decided", done: "done", outcome: "what came of it", learnt: "learnt" };

const customer = asked.get("customer");

function draw({ conversations, steps }) {
  const first = new Date(steps[0].at);
  fill(
    at("about"),
    h("h2", {}, customer),
    h("p.meta", {}, `${conversations.length === 1 ? "one conversation" : `${conversations.length} conversations`} since ${first.toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`),
    h("fieldset.stages", {}, h("legend.unseen", {}, "Show"), Object.entries(STAGES).map(([stage, words]) => filter(stage, words, steps))),
  );
  let conversation = null;
  for (const step of steps) {
    if (step.conversation_id !== conversation) {
      conversation = step.conversation_id;
      at("steps").append(h("li.conversation-start", {}, h("h3", {}, conversation)));
    }
    at("steps").append(drawStep(step));
  }
}

function filter(stage, words, steps) {
  const count = steps.filter((step) => step.stage === stage).length;
  const box = h("input", { type: "checkbox", checked: true, disabled: !count });
  box.addEventListener("change", () => at("steps").classList.toggle(`no-${stage}`, !box.checked));
  return h("label", {}, box, ` ${words} (${count})`);
}

function drawStep(step) {
  const details = Object.entries(step.details ?? {});
  return h(
    `li.step.${step.stage}`,
    {},
    h("time", { datetime: step.at }, clock(step.at)),
    h("span.stage", {}, STAGES[step.stage] ?? step.stage),
    h(
      "div",
      {},
      h("p", {}, step.who ? h("span.who", {}, `${plain(step.who)}: `) : null, step.what),
      step.why ? h("p.meta", {}, step.why) : null,
      details.length
        ? h("details", {}, h("summary", {}, "numbers"), h("dl", {}, details.map(([name, value]) => [h("dt", {}, plain(name)), h("dd", {}, shown(value))])))
        : null,
    ),
  );
}

function shown(value) {
  if (typeof value === "number" && value > 0 && value < 1) return percent(value);
  if (value !== null && typeof value === "object") {
    const parts = Object.entries(value).map(([name, part]) => (Array.isArray(value) ? shown(part) : `${plain(name)} ${shown(part)}`));
    return parts.join(", ");
  }
  return plain(value);
}

async function find() {
  at("steps").setAttribute("aria-busy", "true");
  try {
    const answer = await ask(`/v1/customers/${encodeURIComponent(customer)}/journey`);
    const body = await answer.json();
    if (answer.ok) draw(body);
    else fill(at("about"), h("h2", {}, customer), h("p", {}, answer.status === 404 ? "Nothing is known of this customer, or they are not yours to see." : body.mend));
  } catch {
    notice("The desk cannot be reached; try again in a moment.");
  }
  at("steps").removeAttribute("aria-busy");
}

if (frame("supervisor")) {
  keys({ Escape: () => (location.href = "/floor") });
  if (customer) {
    document.title = `${customer} · Journey · cxstream`;
    find();
  } else fill(at("about"), h("h2", {}, "No customer"), h("p", {}, "Open a journey from the floor."));
}
