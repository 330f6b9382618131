"""What the engine tells about itself: an Observer for the metrics, and how far it has come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from cxstream.engine.overload import OverloadObserver
from cxstream.pipeline import Observer
from cxstream.understand.scorer import Reading

TopicPartition = tuple[str, int]


class Sent(Protocol):
    """Where Kafka put a record."""

    topic: str
    partition: int
    offset: int


class EngineObserver(Observer, OverloadObserver, Protocol):
    """Who counts what the engine does; implemented by `observe`."""

    def batch(self, stage: str, size: int, waiting: int) -> None:
        """A micro-batch was taken, and this many events wait behind it."""

    def took(self, stage: str, seconds: float) -> None:
        """A stage worked on a batch."""

    def decided_after(self, seconds: float) -> None:
        """A record was answered this long after it was sent."""

    def dead_letter(self, reason: str) -> None:
        """A record could not be read."""

    def scored(self, answers: int, degraded: int) -> None:
        """Texts were scored; so many of them by the fallback."""

    def saw(self, readings: Sequence[Reading]) -> None:
        """What was read of each text of a batch, in order, repetitions included."""

    def ledger(self, kind: str, state: str) -> None:
        """An action or promise has come to a state."""

    def ledger_refused(self, reason: str) -> None:
        """A step that the ledger does not allow."""

    def late(self, kind: str, what: str) -> None:
        """What was taken on, or promised, does not stand in time."""

    def loop_lag(self, seconds: float) -> None:
        """The event loop came back so much later than asked."""

    def state(self, table: str, entries: int) -> None:
        """How many keys a table holds here."""

    def lag(self, topic: str, records: int) -> None:
        """How many records of a topic are not committed yet, over the partitions held here."""

    def phase(self, name: str) -> None:
        """The worker has come into another phase (see `life`)."""


class Progress:
    """How far the agents of this process have come, by topic and partition: next offsets.

    `inside` are the topics that agents of this process read.
    """

    def __init__(self, inside: Iterable[str] = ()) -> None:
        self._inside = frozenset(inside)
        self.done: dict[TopicPartition, int] = {}
        self.sent: dict[TopicPartition, int] = {}
        self._moved = asyncio.Event()

    def note_done(self, topic: str, partition: int, offset: int) -> None:
        """An input was handled to the end: outputs and state are safe."""
        self.done[topic, partition] = offset + 1
        self._moved.set()

    def note_sent(self, topic: str, partition: int, offset: int) -> None:
        """A record was written to a topic."""
        place = (topic, partition)
        self.sent[place] = max(self.sent.get(place, 0), offset + 1)

    async def until(self, reached: Callable[[Progress], bool]) -> None:
        """Wait until the agents have come so far."""
        while not reached(self):
            self._moved.clear()
            await self._moved.wait()

    def behind(self) -> int:
        """How many records were sent to the topics that agents here read, and are not handled yet."""
        return sum(
            max(0, end - self.done.get(place, 0))
            for place, end in self.sent.items()
            if place[0] in self._inside
        )
