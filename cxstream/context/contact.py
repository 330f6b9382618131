"""One conversation as the others of the same customer need to know it, and which signals were applied."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

_REPLAY_WINDOW = 64
_BITS = (1 << _REPLAY_WINDOW) - 1
_TALKING_MS = 15 * 60_000
"""Where nothing was heard for so long nobody is talking with the customer any more."""


class Applied(Struct, array_like=True):
    """Which signals of a conversation were applied: the highest number and the 64 below it, as bits.

    Signals come in order and more than once; on their way through a carry-over two streams of one
    conversation may cross, so a plain "higher than the last" would lose some.
    """

    highest: int = 0
    below: int = 0

    def take(self, seq: int) -> bool:
        """Mark a signal as applied; False when it already was, or is too old to tell."""
        if seq > self.highest:
            shift = seq - self.highest
            carried = self.highest and shift <= _REPLAY_WINDOW
            self.below = (self.below << 1 | 1) << (shift - 1) & _BITS if carried else 0
            self.highest = seq
            return True
        age = self.highest - seq
        if age == 0 or age > _REPLAY_WINDOW or self.below >> (age - 1) & 1:
            return False
        self.below |= 1 << (age - 1)
        return True

    def merge(self, other: Applied) -> None:
        """Applied here or there is applied."""
        for age in range(_REPLAY_WINDOW, 0, -1):
            if other.below >> (age - 1) & 1:
                self.take(other.highest - age)
        if other.highest:
            self.take(other.highest)


_NEWEST = (
    *("channel", "last_ms", "ended", "intents", "unresolved", "agent_id", "has_agent"),
    *("level", "lowest"),
)
"""What the later knowledge says, when two keys knew of one conversation."""

_MARKS = ("introduced", "came_back", "repeat", "escalated", "resolved", "counted", "judged")
"""What happened once for all, whichever key saw it."""


class Contact(Struct):
    """One conversation of the customer, as the others need to know it.

    `level` and `lowest` are the customer's mood now and at its worst, -1 to 1. `introduced`: the one who took
    it was told what went before (see `decide.passport`). `came_back`: the customer came again about it;
    `repeat`: it is such a coming again itself. `escalated`, `resolved`: that was told of it.
    `counted` and `judged`: its figures were given out (see `lessons.kpis`).
    """

    channel: str
    started_ms: int
    last_ms: int
    ended: bool = False
    intents: list[str] = []
    unresolved: list[str] = []
    agent_id: str = ""
    summaries: int = 0
    applied: Applied = field(default_factory=Applied)
    has_agent: bool = False
    level: float = 0.0
    lowest: float = 0.0
    introduced: bool = False
    came_back: bool = False
    repeat: bool = False
    escalated: bool = False
    counted: bool = False
    judged: bool = False
    resolved: bool = False

    def update(self, at_ms: int, agent_id: str, facts: Mapping[str, object]) -> None:
        """Take over a conversation's facts as its newest signal gives them."""
        self.last_ms = max(self.last_ms, at_ms)
        self.started_ms = min(self.started_ms, at_ms)
        self.agent_id = agent_id or self.agent_id
        self.ended = bool(facts.get("ended"))
        self.has_agent = bool(facts.get("has_agent"))
        self.level, self.lowest = _number(facts.get("level")), _number(facts.get("min_valence"))
        self.intents = _labels(facts.get("intents"))
        self.unresolved = _labels(facts.get("unresolved"))

    def talking(self, at_ms: int) -> bool:
        """Whether a person is talking with the customer here at about that moment."""
        near = abs(at_ms - self.last_ms) <= _TALKING_MS
        return near and self.has_agent and bool(self.agent_id) and not self.ended

    def merge(self, other: Contact) -> None:
        """Join what two keys knew of one conversation; the later knowledge holds."""
        if other.applied.highest > self.applied.highest:
            for name in _NEWEST:
                setattr(self, name, getattr(other, name))
        self.started_ms = min(self.started_ms, other.started_ms)
        self.summaries = max(self.summaries, other.summaries)
        for mark in _MARKS:
            setattr(self, mark, getattr(self, mark) or getattr(other, mark))
        self.applied.merge(other.applied)


def _labels(value: object) -> list[str]:
    return [str(label) for label in value] if isinstance(value, list | tuple) else []


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
