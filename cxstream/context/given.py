"""A decision that was given: what an agent's attention, cool-downs and withdrawals are reckoned from."""

from __future__ import annotations

from msgspec import Struct


class Given(Struct, frozen=True, array_like=True):
    """One decision already made for a customer; times are UTC epoch milliseconds of event time.

    `turn` is how many times agents had spoken when a card was shown, -1 where that is not known;
    `weight` what it weighed (see `decide.arbitration`).
    """

    rule: str
    conversation_id: str
    decision_id: str
    at_ms: int
    until_ms: int
    kind: str
    turn: int = -1
    weight: float = 0.0
