"""How long a record has waited in Kafka, whatever the clock of its producer says.

A producer whose clock is an hour slow would make every record of it an hour old. So nothing is read off a
record: once a second it is noted how far each partition reaches, on our own monotonic clock, and a record came
when its partition first reached beyond it. What was there before we looked has waited since then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

TopicPartition = tuple[str, int]

_MOST: Final = 1024
"""Moments kept of a partition; of more, every other one of the older half is let go."""


class Waits:
    """When partitions reached how far. Times are seconds of one clock that never runs back."""

    def __init__(self) -> None:
        self._reached: dict[TopicPartition, deque[tuple[float, int]]] = {}

    def note(self, place: TopicPartition, end: int, now_s: float, *, idle: bool) -> None:
        """A partition reaches up to `end`, the next offset.

        `idle`: everything before it is done, so it has reached no further until now. Otherwise only a change
        is news: a reader who has enough in hand does not ask Kafka.
        """
        moments = self._reached.setdefault(place, deque())
        if idle:
            moments.clear()
        elif moments and moments[-1][1] >= end:
            return
        moments.append((now_s, end))
        if len(moments) > _MOST:
            kept = list(moments)
            half = len(kept) // 2
            self._reached[place] = deque(kept[:half:2] + kept[half:])

    def waited_s(self, place: TopicPartition, offset: int, now_s: float) -> float:
        """How long the record at this offset has waited; 0 where that is not known yet.

        What came before `offset` is forgotten.
        """
        moments = self._reached.get(place)
        if not moments or moments[-1][1] <= offset:
            return 0.0
        while len(moments) > 1 and moments[1][1] <= offset:
            moments.popleft()
        (since_s, before) = moments[0]
        if before > offset or len(moments) == 1:
            return now_s - since_s
        (until_s, after) = moments[1]
        came_s = since_s + (until_s - since_s) * (offset - before) / (after - before)
        return now_s - came_s

    def keep_only(self, places: Iterable[TopicPartition]) -> None:
        """Only these partitions are ours."""
        held = set(places)
        for place in self._reached.keys() - held:
            del self._reached[place]
