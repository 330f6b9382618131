"""Decisions that wait for what becomes of them, and what has been heard of each so far."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

PENDING_MAX = 64
ANSWERS_MAX = 12


class Answer(Struct, frozen=True, array_like=True):
    """One outcome that was heard: its kind, when, its id, and what it was worth where someone knows."""

    kind: str
    at_ms: int
    id: str
    value: float | None = None

    @property
    def order(self) -> tuple[int, str]:
        """Its place among the others: whatever the order of arrival, the same."""
        return self.at_ms, self.id


class Pending(Struct, frozen=True, array_like=True):
    """A decision whose window is open; times are UTC epoch milliseconds of event time.

    `mood` is the customer's when the conversation ended, in thousandths; None before that.
    """

    decision_id: str
    rule: str
    kind: str
    conversation_id: str
    at_ms: int
    propensity: float
    context: tuple[float, ...]
    withheld: bool = False
    answers: tuple[Answer, ...] = ()
    mood: int | None = None

    def heard(self, answer: Answer) -> Pending:
        """With one more answer, in order of event time; an answer that is known changes nothing."""
        if any(known.id == answer.id for known in self.answers):
            return self
        answers = sorted((*self.answers, answer), key=lambda a: a.order)
        return replace(self, answers=tuple(answers[-ANSWERS_MAX:]))

    def merged(self, other: Pending) -> Pending:
        """What two keys have heard of one decision."""
        both = self
        for answer in other.answers:
            both = both.heard(answer)
        return replace(both, mood=both.mood if both.mood is not None else other.mood)


def awaited(mine: Iterable[Pending], others: Iterable[Pending]) -> tuple[Pending, ...]:
    """What two keys of one person wait for, oldest first."""
    known = {p.decision_id: p for p in mine}
    for other in others:
        kept = known.get(other.decision_id)
        known[other.decision_id] = kept.merged(other) if kept else other
    return tuple(sorted(known.values(), key=lambda p: (p.at_ms, p.decision_id)))
