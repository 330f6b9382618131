"""The keys of partitions that have come here, out of their table: nobody has been heard of here yet.

After a restart, or on the worker that takes over, silence would begin only with the next word of a key; who
fell silent before would never be seen to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

Entries = Iterable[tuple[int, bytes, bytes]]
AT_ONCE: Final = 10_000
"""Keys that are looked through between two batches."""


class Returning:
    """Gives out the keys of the partitions held, once, in parts."""

    def __init__(self) -> None:
        self._held: frozenset[int] = frozenset()
        self._left: Iterator[tuple[int, bytes]] = iter(())

    def some(
        self, held: frozenset[int], entries: Callable[[], Entries]
    ) -> Iterator[tuple[int, bytes]]:
        """The next keys, with their partitions; from the beginning where other partitions are held now."""
        if held != self._held:
            self._held = held
            self._left = ((partition, key) for partition, key, _ in entries() if partition in held)
        return islice(self._left, AT_ONCE)
