"""A decision that was given: what an agent's attention, cool-downs and withdrawals are reckoned from."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Given(Struct, frozen=True, array_like=True):
    """One decision already made for a customer; times are UTC epoch milliseconds of event time.

    `turn` is how many times agents had spoken when a card was shown, -1 where that is not known;
    `weight` what it weighed (see `decide.arbitration`). `withheld` was decided and kept from a customer of the
    control group: nobody saw it, and only its own rule counts it, so that it is decided no more often than
    for others.
    """

    rule: str
    conversation_id: str
    decision_id: str
    at_ms: int
    until_ms: int
    kind: str
    turn: int = -1
    weight: float = 0.0
    withheld: bool = False


def without_withheld(given: Iterable[Given]) -> tuple[Given, ...]:
    """What somebody has really got."""
    return tuple(g for g in given if not g.withheld)
