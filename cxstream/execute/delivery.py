"""Where a record leaves: the topic's role and the key of everything that follows from a decision."""

from __future__ import annotations

from typing import NamedTuple

from cxstream.events import Action, Escalation, LedgerEvent, Nudge, Output


class Outbound(NamedTuple):
    """A record on its way out: the topic's role (`signals`, `nudges`, ...), the key, the record."""

    topic: str
    key: str
    record: Output


def delivered(record: Nudge | Action | Escalation) -> Outbound:
    """A decision's record, to whom it is for."""
    if isinstance(record, Nudge):
        return Outbound("nudges", record.agent_id, record)
    if isinstance(record, Action):
        return Outbound("actions", record.customer_id or record.conversation_id, record)
    return Outbound("escalations", record.conversation_id, record)


def booked(event: LedgerEvent) -> Outbound:
    """A line for the ledger."""
    return Outbound("ledger_events", event.ledger_id, event)
