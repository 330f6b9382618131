"""Ends a worker whose work comes to nothing: done but not committed, or in hand and never done.

Faust only logs that a partition stands still. Such a process answers every question about its health and does
nothing; started anew it goes on from the last commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

TopicPartition = tuple[str, int]


class Watchdog:
    """Looks at how far the work and the commits have come; says what is wrong when they stand still."""

    def __init__(self, stall_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._stall_s = stall_s
        self._now = now
        self._standing: dict[TopicPartition, tuple[int, float]] = {}

    def rest(self) -> None:
        """Partitions are moving: whoever stood still begins anew."""
        self._standing.clear()

    def look(
        self,
        done: Mapping[TopicPartition, int],
        committed: Mapping[TopicPartition, int],
        in_hand: Mapping[str, float],
    ) -> str | None:
        """What has stood still for too long, or None.

        `done` and `committed` are next offsets by partition, over the partitions held here; `in_hand` is
        since when (on our clock) each stage has been working on one batch.
        """
        now = self._now()
        for stage, since in in_hand.items():
            if now - since > self._stall_s:
                return f"{stage} has been working on one batch for {now - since:.0f} s"
        for place, reached in committed.items():
            if done.get(place, 0) <= reached:
                self._standing.pop(place, None)
                continue
            before, since = self._standing.get(place, (reached, now))
            if before != reached:
                since = now
            self._standing[place] = (reached, since)
            if now - since > self._stall_s:
                topic, partition = place
                return (
                    f"{topic}-{partition} is handled up to {done[place]}, but its commit has stood at"
                    f" {reached} for {now - since:.0f} s"
                )
        return None
