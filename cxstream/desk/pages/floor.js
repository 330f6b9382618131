// The supervisor's floor: who needs somebody most, why, what waits to be taken over or approved.

import { at, fill, h, keyed, text, unseen } from "./dom.js";
import { announce, connection, frame, keys, notice } from "./frame.js";
import { journeyLink, Listening } from "./listening.js";
import { ask, send } from "./session.js";
import { follow } from "./stream.js";
import { curve } from "./tone.js";
import { draw as drawTrend } from "./trend.js";
import { ago, channel, lasting, level, percent, plain } from "./words.js";

const ENDED_STAY_MS = 20_000;
const TREND_EVERY_MS = 15_000;

const viewer = frame("supervisor");
const rows = new Map();
const approvals = new Map();
const listening = new Listening(later);
let pending = false;

const events = {
  hello: begin,
  reset: begin,
  row(row) {
    const before = rows.get(row.conversation_id);
    rows.set(row.conversation_id, row);
    const known = new Set((before?.escalations ?? []).map(({ escalation }) => escalation.id));
    for (const { escalation, state } of row.escalations) {
      if (!known.has(escalation.id) && state === "open") announce(`Escalation, ${escalation.severity}: ${escalation.reason}`);
    }
    later();
  },
  approval(action) {
    approvals.set(action.id, action);
    announce(`To approve: ${plain(action.action)}`);
    later();
  },
  gone({ id }) {
    rows.delete(id);
    approvals.delete(id);
    later();
  },
};

function begin({ rows: all = [], approvals: waiting = [] }) {
  rows.clear();
  approvals.clear();
  for (const row of all) rows.set(row.conversation_id, row);
  for (const action of waiting) approvals.set(action.id, action);
  later();
}

/** Draw at most once a frame, however much comes. */
function later() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => {
    pending = false;
    draw();
  });
}

function draw() {
  const now = Date.now();
  for (const row of rows.values()) if (row.state === "ended") row.endedSeen ??= now;
  const live = [...rows.values()]
    .filter((row) => row.state !== "ended" || row.weight > 0 || now - row.endedSeen < ENDED_STAY_MS)
    .sort((a, b) => b.weight - a.weight || Date.parse(a.started_at) - Date.parse(b.started_at));
  at("quiet").hidden = live.length > 0;
  keyed(at("rows"), live, (row) => row.conversation_id, drawRow);
  drawEscalations(live);
  drawApprovals();
  const talking = live.filter((row) => row.state !== "ended");
  text(at("live-title"), `Live conversations (${talking.length})`);
  tick();
}

function drawRow(row, held) {
  const risk = level(row.risk);
  const id = row.conversation_id;
  const element = held ?? h("tr", { tabindex: "-1", onclick: () => listening.to(id) });
  const form = JSON.stringify([row, listening.id === id]);
  if (held?.dataset.form === form) return held;
  const focused = held?.contains(document.activeElement);
  element.dataset.form = form;
  element.setAttribute("class", `${risk} ${row.state}`);
  if (listening.id === id) element.setAttribute("aria-current", "true");
  else element.removeAttribute("aria-current");
  const gauge = h("i");
  gauge.style.width = percent(row.risk);
  fill(
    element,
    h("td.risk", {}, h("b", {}, percent(row.risk)), h("span.level", {}, risk), h("span.gauge", { "aria-hidden": "true" }, gauge)),
    h(
      "td.who",
      {},
      h(
        "button.link",
        { type: "button", "aria-pressed": listening.id === id ? "true" : "false", onclick: (event) => (event.stopPropagation(), listening.to(id)) },
        unseen("listen in to "),
        row.customer_id ?? "not known yet",
      ),
      h("span.meta", {}, [channel(row.channel), row.queue].filter(Boolean).join(" · ")),
    ),
    h("td.wide.agent", {}, row.agent_id ?? "–"),
    h("td.tones", {}, curve(row.tones)),
    h("td.why", {}, row.why.length ? row.why.map((reason) => h("span.reason", {}, reason)) : h("span.meta", {}, "going well")),
    h("td.wide.last", {}, h("div.clip", {}, row.last_said)),
    h("td.time", {}, h("time", { "data-since": row.started_at, "data-until": row.state === "ended" ? row.last_at : null }), row.state === "live" ? null : h("span.meta", {}, plain(row.state))),
  );
  if (focused) element.querySelector("button").focus();
  return element;
}

function drawEscalations(live) {
  const raised = live
    .flatMap((row) => row.escalations.map((held) => ({ ...held, row })))
    .filter(({ state }) => state !== "dismissed")
    .sort((a, b) => Number(a.state === "accepted") - Number(b.state === "accepted") || (a.escalation.event_time < b.escalation.event_time ? -1 : 1));
  at("none-raised").hidden = raised.length > 0;
  const waiting = raised.filter(({ state }) => state === "open").length;
  text(at("raised-title"), waiting ? `To take over (${waiting})` : "To take over");
  keyed(at("escalations"), raised, ({ escalation }) => escalation.id, (held, before) => {
    const { escalation, state, taken_by: by } = held;
    if (before?.dataset.form === state) return before;
    const within = before?.contains(document.activeElement);
    const taken = state === "accepted";
    const element = h(
      `article.card.escalation.${escalation.severity}${taken ? ".taken" : ""}`,
      { "aria-label": `escalation: ${plain(escalation.reason)}` },
      h("header", {}, h(`span.tag.${escalation.severity}`, {}, escalation.severity), h("h3", {}, plain(escalation.reason)), h("span.meta", {}, ago(escalation.event_time))),
      h("p.meta", {}, [escalation.customer_id, channel(escalation.channel), escalation.agent_id && `with ${escalation.agent_id}`].filter(Boolean).join(" · ")),
      taken ? h("p", {}, `Taken by ${by === viewer.name ? "you" : by}.`) : h("p", {}, escalation.summary),
      h(
        "div.buttons",
        {},
        taken
          ? by === viewer.name && h("button.plain", { type: "button", onclick: () => take(escalation.id, "undone") }, "Give back")
          : [
              h("button.primary", { type: "button", onclick: () => (listening.to(escalation.conversation_id), take(escalation.id, "accepted")) }, "Take over"),
              h("button.plain", { type: "button", onclick: () => listening.to(escalation.conversation_id) }, "Listen in"),
              h("button.plain", { type: "button", onclick: () => take(escalation.id, "dismissed") }, "Put aside"),
            ],
        journeyLink(escalation.customer_id),
      ),
    );
    element.dataset.form = state;
    if (within) requestAnimationFrame(() => element.querySelector("button, a")?.focus());
    return element;
  });
}

function drawApprovals() {
  const waiting = [...approvals.values()];
  at("none-waiting").hidden = waiting.length > 0;
  text(at("waiting-title"), waiting.length ? `To approve (${waiting.length})` : "To approve");
  keyed(at("approvals"), waiting, (action) => action.id, (action, held) => {
    if (held) return held;
    const may = !action.approvers?.length || action.approvers.some((role) => viewer.grants.includes(role));
    const parameters = Object.entries(action.parameters ?? {});
    return h(
      "article.card.approval",
      { "aria-label": `to approve: ${plain(action.action)}` },
      h("header", {}, h("h3", {}, plain(action.action)), h("span.meta", {}, ago(action.event_time))),
      h("p.meta", {}, [action.customer_id, action.agent_id && `asked for by ${action.agent_id}'s call`].filter(Boolean).join(" · ")),
      h("p", {}, action.why.because),
      parameters.length ? h("dl", {}, parameters.map(([name, value]) => [h("dt", {}, plain(name)), h("dd", {}, value)])) : null,
      may
        ? h(
            "div.buttons",
            {},
            h("button.primary", { type: "button", onclick: () => decide(action.id, "approved") }, "Approve", unseen(`: ${plain(action.action)}`)),
            h("button.plain", { type: "button", onclick: () => decide(action.id, "refused") }, "Refuse", unseen(`: ${plain(action.action)}`)),
            h("button.plain", { type: "button", onclick: () => listening.to(action.conversation_id) }, "Listen in"),
          )
        : h("p.meta", {}, `for: ${action.approvers.map(plain).join(", ")}`),
    );
  });
}

async function take(id, kind) {
  const { ok, body } = await send(`/v1/escalations/${encodeURIComponent(id)}/answers`, { kind });
  notice(ok ? { accepted: "It is yours now.", dismissed: "Put aside.", undone: "Given back." }[kind] : body.mend);
}

async function decide(id, verdict) {
  const { ok, body } = await send(`/v1/actions/${encodeURIComponent(id)}/approvals`, { verdict });
  notice(ok ? { approved: "Approved.", refused: "Refused." }[verdict] : body.mend);
  if (ok) {
    approvals.delete(id);
    later();
  }
}

async function trend() {
  try {
    const answer = await ask("/v1/floor/trend");
    if (answer.ok) drawTrend(at("figures"), at("trend"), await answer.json());
  } catch {
    // the line on top says that the desk is away
  }
  setTimeout(trend, TREND_EVERY_MS);
}

/** Listen no more; the keyboard goes back to the row. Says whether there was anything to stop. */
function stop() {
  const row = [...at("rows").children].find((element) => element.dataset.key === listening.id);
  if (!listening.stop()) return false;
  row?.querySelector("button")?.focus();
  return true;
}

function step(by) {
  const buttons = [...at("rows").querySelectorAll("button.link")];
  const now = buttons.findIndex((button) => button.closest("tr").contains(document.activeElement));
  buttons[Math.min(buttons.length - 1, Math.max(0, now + by))]?.focus();
}

function tick() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    text(time, lasting(time.dataset.since, time.dataset.until ? new Date(time.dataset.until) : Date.now()));
  }
}

if (viewer) {
  at("unwatch").addEventListener("click", stop);
  keys({
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: (event) => event.target.closest("tbody") && (step(1), true),
    ArrowUp: (event) => event.target.closest("tbody") && (step(-1), true),
    e: () => at("raised").focus(),
    o: () => {
      const key = document.activeElement.closest("tr")?.dataset.key ?? listening.id;
      const customer = rows.get(key)?.customer_id;
      if (customer) location.href = `/journey#customer=${encodeURIComponent(customer)}`;
    },
    Escape: stop,
  });
  setInterval(() => {
    tick();
    later();
  }, 1_000);
  trend();
  follow("/v1/floor/stream", (kind, data) => events[kind]?.(data), connection);
}
