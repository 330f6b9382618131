"""High stakes wait for a human: who may say yes, until when, and what happens when nobody does.

An action that needs approval waits in the customer's state. The first word on it that is allowed and in time
holds; the action then leaves again under its own id, as approved or refused. When its time is over it leaves
as expired, and where the playbook says so a supervisor is told.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from cxstream.errors import RecordError
from cxstream.events import Action, Approval, Escalation, record_id, to_ms

WAITING_MAX = 16
Waiting = tuple[Action, ...]


class Settled(NamedTuple):
    """Who still waits, and what leaves: the actions with their new status, and words to supervisors."""

    waiting: Waiting
    actions: tuple[Action, ...] = ()
    escalations: tuple[Escalation, ...] = ()


def wait(waiting: Waiting, actions: tuple[Action, ...]) -> Settled:
    """Let actions wait that need approval; over the limit the oldest is given up, as if nobody had answered."""
    new = [a for a in actions if a.needs_approval and a.status == "proposed"]
    together = tuple({a.id: a for a in (*waiting, *new)}.values())
    given_up = together[:-WAITING_MAX]
    return Settled(together[-WAITING_MAX:], *_expired(given_up))


def answer(waiting: Waiting, approval: Approval) -> Settled | None:
    """A word on an action that waits; None when nothing waits for it (any more): it was known.

    Raises `RecordError` for a word that changes nothing: from somebody who may not, or after its time.
    """
    action = next((a for a in waiting if a.id == approval.decision_id), None)
    if action is None:
        return None
    if approval.tenant != action.tenant or set(approval.roles).isdisjoint(action.approvers):
        raise RecordError(
            "not_allowed",
            field="roles",
            mend=f"{action.action} may be allowed by: {', '.join(action.approvers)}",
        )
    if action.approve_by is not None and approval.event_time > action.approve_by:
        raise RecordError(
            "too_late",
            field="event_time",
            mend=f"{action.action} had to be answered by {action.approve_by.isoformat()}",
        )
    answered = replace(action, status=approval.verdict, approval=approval)
    return Settled(tuple(a for a in waiting if a.id != action.id), (answered,))


def overdue(waiting: Waiting, now_ms: int) -> Settled:
    """What nobody answered in time."""
    late = tuple(a for a in waiting if a.approve_by is not None and to_ms(a.approve_by) < now_ms)
    if not late:
        return Settled(waiting)
    return Settled(tuple(a for a in waiting if a not in late), *_expired(late))


def _expired(actions: Waiting) -> tuple[tuple[Action, ...], tuple[Escalation, ...]]:
    expired = tuple(replace(action, status="expired") for action in actions)
    return expired, tuple(_unanswered(a) for a in expired if a.otherwise == "escalate")


def _unanswered(action: Action) -> Escalation:
    what = action.action.replace("_", " ")
    return Escalation(
        id=record_id("escalation", action.id, "unanswered"),
        conversation_id=action.conversation_id,
        reason="approval not answered",
        severity="medium",
        summary=f"Nobody said in time whether this may be done: {what}. {action.why.because}",
        event_time=action.approve_by or action.event_time,
        why=action.why,
        tenant=action.tenant,
        customer_id=action.customer_id,
        agent_id=action.agent_id,
    )
