"""What reaches the supervisor: what was taken on, or promised, and does not stand in time; and what failed."""

from __future__ import annotations

from cxstream.events import Escalation, LedgerRow, RuleRef, Why, record_id

_RULE = RuleRef(id="late", playbook="ledger", version="1")


def escalation_of(row: LedgerRow) -> Escalation:
    """The escalation of a row that is late (`row.late`) or has failed; the same row gives the same id."""
    due = row.deadline or row.event_time
    what = row.what.replace("_", " ")
    when = due.strftime("%d %B %Y, %H:%M UTC")
    if row.state == "failed":
        reason, because = "action_failed", f"{what} could not be carried out: {row.why}"
        summary = f"An action has failed. {because}. The customer does not know yet."
    elif row.kind == "promise":
        reason, because = (
            "promise_late",
            f'Promised ("{row.why}"), due {when}; not known to be done.',
        )
        summary = f"The customer was promised: {what}. {because}"
    else:
        reason, because = "action_late", f"{what}: {row.state}, and not confirmed by {when}."
        summary = f"An action is late. {because} Whoever waits for it has not been told."
    return Escalation(
        id=record_id("escalation", reason, row.id, due.isoformat()),
        conversation_id=row.conversation_id,
        reason=reason,
        severity="medium",
        summary=summary,
        event_time=due,
        why=Why(rule=_RULE, because=because),
        tenant=row.tenant,
        customer_id=row.customer_id,
        agent_id=row.agent_id,
    )
