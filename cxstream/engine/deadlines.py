"""Which keys have something due, and when by the clock of arrival: looked at between batches, oldest first."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

Entries = Callable[[int], Iterable[tuple[bytes, bytes]]]
"""Key and bytes of every row of a partition."""

AT_ONCE: Final = 1000
"""States that are looked through between two batches: some ten milliseconds."""


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
        self._to_look_through: dict[int, Iterator[tuple[bytes, int | None]]] = {}

    def watch(self, due: Due) -> None:
        """Look at a key when its time has come; told twice it is looked at twice, which does no harm."""
        heapq.heappush(self._due, due)

    def hold(
        self, partitions: frozenset[int], entries: Entries, due_ms: Callable[[bytes], int | None]
    ) -> bool:
        """These partitions are held now; of those that are new, what is due is read from the table.

        A large table is looked through in parts, one a call: True when there is more of it to come.
        `due_ms` gives the first event time that is due in a state, None when nothing is.
        """
        if partitions != self._held:
            self._due = [due for due in self._due if due.partition in partitions]
            heapq.heapify(self._due)
            for gone in self._to_look_through.keys() - partitions:
                del self._to_look_through[gone]
            for new in partitions - self._held:
                rows = entries(new)
                self._to_look_through[new] = ((key, due_ms(value)) for key, value in rows)
            self._held = partitions
        for partition, rest in list(self._to_look_through.items()):
            looked = list(islice(rest, AT_ONCE))
            for key, ms in looked:
                if ms is not None:
                    self.watch(Due(ms, partition, key, ms))
            if len(looked) == AT_ONCE:
                return True
            del self._to_look_through[partition]
        return False

    def over(self, now_ms: Callable[[int], int], most: int) -> list[Due]:
        """What is due by the clock of its partition, at most so many; each is given out once."""
        found, wait = list[Due](), list[Due]()
        latest = max((now_ms(p) for p in self._held), default=0)
        while self._due and self._due[0].arrival_ms <= latest and len(found) < most:
            due = heapq.heappop(self._due)
            (found if due.arrival_ms <= now_ms(due.partition) else wait).append(due)
        for due in wait:
            heapq.heappush(self._due, due)
        return found
