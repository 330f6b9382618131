"""What is left of a conversation when it ends."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Summary(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.summary.v1"):
    """A conversation that ended: what it was about and how it went. Key: conversation_id.

    A late final within the grace period gives another summary with a higher `revision`.
    """

    id: str
    conversation_id: str
    event_time: datetime
    started_at: datetime
    ended_at: datetime
    reason: str
    disposition: str
    channel: str
    intents: tuple[str, ...]
    unresolved: tuple[str, ...]
    facts: dict[str, object]
    text: str
    revision: int = 0
    tenant: str = "default"
    customer_id: str | None = None
    agents: tuple[str, ...] = ()
