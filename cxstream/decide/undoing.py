"""An agent takes back what they had accepted: what waits is withdrawn, what was done is to be taken back.

asked for ─▶ waits for a yes ─▶ on its way ─▶ confirmed
                  │                  │            │
    undone:   withdrawn      when confirmed ─▶ published again, `undone`: executors compensate it where
                                               their configuration says how

An answer `undone` to a card means its rule's action when the answer that it takes back was `accepted`; to an
action it means that one. Nothing is taken back before it is known to be done: a call that is on its way cannot
be overtaken by its own opposite.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from cxstream.context.doing import Doing, kept
from cxstream.context.given import Given
from cxstream.context.standing import Response
from cxstream.events import Action, Approval, Escalation, Outcome, Why, from_ms, record_id, to_ms

TAKEN_BACK = "taken back by the agent who had accepted it"
_UNSAID = frozenset(("shown", "acted"))
_OVER = frozenset(("failed", "compensated", "expired"))


class Undone(NamedTuple):
    """What may still be taken back, and what leaves: actions, and words to supervisors."""

    doing: tuple[Doing, ...]
    withdrawn: tuple[Action, ...] = ()
    take_back: tuple[Action, ...] = ()
    escalations: tuple[Escalation, ...] = ()


def noted(doing: tuple[Doing, ...], actions: Iterable[Action]) -> tuple[Doing, ...]:
    """Note actions that are asked for, allowed, or given up; nothing else is kept of their explanation."""
    by_id = {one.action.id: one for one in doing}
    for action in actions:
        if action.status in ("proposed", "approved"):
            before = by_id.get(action.id)
            slim = replace(action, why=Why(rule=action.why.rule, because=action.why.because))
            by_id[action.id] = replace(before, action=slim) if before else Doing(slim)
        else:
            by_id.pop(action.id, None)
    return kept(by_id.values())


def undone(
    doing: tuple[Doing, ...],
    waiting: tuple[Action, ...],
    given: Given,
    answers: Iterable[Response],
    outcome: Outcome,
) -> Undone:
    """An agent's `undone` to something that was given; `answers` are those that were heard before it."""
    meant = [one for one in doing if _meant(one, given)]
    if given.kind == "nudge" and _last(answers, given.decision_id) != "accepted":
        meant = []
    wait_still = {action.id for action in waiting}
    withdrawn, take_back = [], []
    by_id = {one.action.id: one for one in doing}
    for one in meant:
        action = one.action
        if action.id in wait_still:
            withdrawn.append(_refused(action, outcome))
            del by_id[action.id]
        elif not one.unwanted:
            by_id[action.id] = replace(one, unwanted=True, by=outcome.agent_id or "")
            if one.done:
                take_back.append(_unwanted(by_id[action.id], to_ms(outcome.event_time)))
    return Undone(kept(by_id.values()), tuple(withdrawn), tuple(take_back))


def became(doing: tuple[Doing, ...], outcome: Outcome) -> Undone:
    """What an executor or a CRM says became of an action."""
    one = next((d for d in doing if d.action.id == outcome.decision_id), None)
    if one is None or not (outcome.kind == "confirmed" or outcome.kind in _OVER):
        return Undone(doing)
    others = tuple(d for d in doing if d is not one)
    if outcome.kind in _OVER:
        stands = outcome.kind == "failed" and one.unwanted and one.done
        return Undone(others, escalations=(_stands(one, outcome),) if stands else ())
    done = kept((*others, replace(one, done=True, keeps=outcome.keeps or "")))
    if one.unwanted and not one.done:
        return Undone(done, take_back=(_unwanted(one, to_ms(outcome.event_time)),))
    return Undone(done)


def _meant(one: Doing, given: Given) -> bool:
    """Whether a given decision is this action, or the card that came with it."""
    action = one.action
    with_it = (action.why.rule.id, to_ms(action.event_time)) == (given.rule, given.at_ms)
    return action.id == given.decision_id if given.kind == "action" else with_it


def _last(answers: Iterable[Response], decision_id: str) -> str:
    """The agent's last answer to a decision."""
    said = [a for a in answers if a.decision_id == decision_id and a.kind not in _UNSAID]
    return max(said, key=lambda a: a.order).kind if said else ""


def _refused(action: Action, outcome: Outcome) -> Action:
    approval = Approval(
        id=record_id("approval", action.id, outcome.id),
        decision_id=action.id,
        conversation_id=action.conversation_id,
        verdict="refused",
        by=outcome.agent_id or "agent",
        event_time=outcome.event_time,
        tenant=action.tenant,
        customer_id=action.customer_id,
        reason=TAKEN_BACK,
    )
    return replace(action, status="refused", approval=approval)


def _unwanted(one: Doing, at_ms: int) -> Action:
    action = one.action
    expires_at = from_ms(at_ms) + (action.expires_at - action.event_time)
    return replace(action, status="undone", undone_by=one.by or None, expires_at=expires_at)


def _stands(one: Doing, outcome: Outcome) -> Escalation:
    action = one.action
    what = action.action.replace("_", " ")
    said = f"{one.by or 'An agent'} took back what was done, and it stands: {what}."
    return Escalation(
        id=record_id("escalation", action.id, "not taken back"),
        conversation_id=action.conversation_id,
        reason="could not be taken back",
        severity="medium",
        summary=f"{said} {outcome.reason or ''}".strip(),
        event_time=outcome.event_time,
        why=action.why,
        tenant=action.tenant,
        customer_id=action.customer_id,
        agent_id=action.agent_id,
    )
