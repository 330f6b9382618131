"""What other records mean for the ledger: a published action, and what another system says became of it."""

from __future__ import annotations

from datetime import datetime

from cxstream.events import Action, LedgerEvent, LedgerState, Outcome, record_id
from cxstream.execute.ledger import UNKNOWN

_WHY_MAX = 500
_OF_STATUS: dict[str, LedgerState] = {
    "proposed": "proposed",
    "approved": "approved",
    "refused": "withdrawn",
    "expired": "expired",
}
_OF_OUTCOME: dict[str, LedgerState] = {
    "confirmed": "confirmed",
    "failed": "failed",
    "compensated": "compensated",
}


def step_id(ledger_id: str, state: LedgerState) -> str:
    """The id of the one step of that kind: told twice it is known."""
    return record_id("step", ledger_id, state)


def of_action(action: Action) -> LedgerEvent:
    """That an action was proposed, approved, refused or not answered, as its `status` says."""
    state = _OF_STATUS[action.status]
    spoken = action.approval
    who, why, at = f"rule {action.why.rule.id}", action.why.because, action.event_time
    if state != "proposed":
        who, why = ("decider", "nobody answered in time") if spoken is None else (spoken.by, "")
    if spoken is not None and state != "proposed":
        why, at = spoken.reason or f"{spoken.verdict} by {spoken.by}", spoken.event_time
    return LedgerEvent(
        id=step_id(action.id, state),
        ledger_id=action.id,
        kind="action",
        what=action.action,
        state=state,
        event_time=at,
        who=who,
        conversation_id=action.conversation_id,
        why=why[:_WHY_MAX],
        deadline=_deadline(action, state),
        needs_approval=action.needs_approval,
        source="supervisor" if spoken is not None and state != "proposed" else "decider",
        tenant=action.tenant,
        customer_id=action.customer_id,
        agent_id=action.agent_id,
    )


def _deadline(action: Action, state: LedgerState) -> datetime | None:
    """Until when the next step should come: the approval, or whoever carries it out."""
    if state == "proposed" and action.needs_approval:
        return action.approve_by
    if state in ("proposed", "approved"):
        return action.begins + (action.expires_at - action.event_time)
    return None


def of_outcome(outcome: Outcome) -> LedgerEvent | None:
    """What another system or a person says became of something in the ledger; None for all other outcomes.

    Executors write their own steps, so theirs say nothing new.
    """
    state = _OF_OUTCOME.get(outcome.kind)
    if state is None or outcome.decision_id is None or outcome.source == "executor":
        return None
    return LedgerEvent(
        id=record_id("step", outcome.decision_id, outcome.id),
        ledger_id=outcome.decision_id,
        kind="promise" if outcome.decision_id.startswith("promise_") else "action",
        what=UNKNOWN,
        state=state,
        event_time=outcome.event_time,
        who=outcome.agent_id or outcome.source,
        conversation_id=outcome.conversation_id,
        why=outcome.reason or "",
        source=outcome.source,
        tenant=outcome.tenant,
        customer_id=outcome.customer_id,
        agent_id=outcome.agent_id,
    )
