"""Which keys have something due, and when by the clock of arrival: looked at between batches, oldest first."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

import faust

from cxstream.engine.idle import Idle

Entries = Iterable[tuple[int, bytes, bytes]]
AT_ONCE: Final = 10_000
"""States that are looked through between two batches: a third of a second at most."""


class Due(NamedTuple):
    """Something due at a key: on the clock of arrival, and in event time."""

    arrival_ms: int
    partition: int
    key: bytes
    event_ms: int


class Deadlines:
    """The deadlines of the partitions held here; what moved here is found again in the table."""

    def __init__(self) -> None:
        self._due: list[Due] = []
        self._held: frozenset[int] = frozenset()
        self._to_look_through: Iterator[tuple[int, bytes, int | None]] = iter(())

    def watch(self, due: Due) -> None:
        """Look at a key when its time has come; told twice it is looked at twice, which does no harm."""
        heapq.heappush(self._due, due)

    def hold(
        self,
        partitions: frozenset[int],
        entries: Callable[[], Entries],
        due_ms: Callable[[bytes], int | None],
    ) -> None:
        """These partitions are held now; when they changed, what is due is read from the table anew.

        A large table is looked through in parts, one a call: a deadline in it may be seen some minutes late.
        `due_ms` gives the first event time that is due in a state, None when nothing is.
        """
        if partitions != self._held:
            self._held = partitions
            self._due = []
            self._to_look_through = (
                (p, key, due_ms(value)) for p, key, value in entries() if p in partitions
            )
        for partition, key, ms in islice(self._to_look_through, AT_ONCE):
            if ms is not None:
                self.watch(Due(ms, partition, key, ms))

    def over(self, now_ms: Callable[[int], int]) -> Iterator[Due]:
        """What is due by the clock of its partition; each is given out once."""
        wait: list[Due] = []
        latest = max((now_ms(p) for p in self._held), default=0)
        while self._due and self._due[0].arrival_ms <= latest:
            due = heapq.heappop(self._due)
            if due.arrival_ms <= now_ms(due.partition):
                yield due
            else:
                wait.append(due)
        for due in wait:
            heapq.heappush(self._due, due)


def arrival_clock_ms(app: faust.App, idle: Idle, partition: int, source: str) -> int:
    """The clock of arrival of a partition of a topic.

    Where nothing has arrived since the worker started it is the wall clock, once everything that lay there was
    read: what is waited for may be among it.
    """
    if idle.knows(partition):
        return idle.now_ms(partition)
    for tp in app.consumer.assignment():
        if tp.partition == partition and tp.topic == source:
            end, committed = app.consumer.highwater(tp), app.consumer._committed_offset.get(tp)
            return int(time.time() * 1000) if end is not None and (committed or 0) >= end else 0
    return 0
