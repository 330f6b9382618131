"""A decision that was given: what an agent's attention, cool-downs and withdrawals are reckoned from."""

from __future__ import annotations

from msgspec import Struct


class Given(Struct, frozen=True, array_like=True):
    """One decision already made for a customer; times are UTC epoch milliseconds of event time."""

    rule: str
    conversation_id: str
    decision_id: str
    at_ms: int
    until_ms: int
    kind: str
