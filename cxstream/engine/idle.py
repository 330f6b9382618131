"""Which keys have been silent, and for how long, by the time records arrive.

The clock of a partition is the latest arrival on it, and runs on with the wall clock while nothing comes:
a replay of last year's stream closes nothing early, a partition that catches up after an outage neither,
and a quiet night still ends what nobody ended.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator


class Idle:
    """When each key was last heard, oldest first; O(1) a record."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._heard: dict[int, OrderedDict[bytes, int]] = {}
        self._clock: dict[int, tuple[int, float]] = {}

    def heard(self, partition: int, key: bytes, arrival_ms: int) -> None:
        """A record of this key arrived."""
        latest, _ = self._clock.get(partition, (arrival_ms, 0.0))
        now_ms = max(latest, arrival_ms)
        self._clock[partition] = (now_ms, self._monotonic())
        keys = self._heard.setdefault(partition, OrderedDict())
        keys[key] = now_ms
        keys.move_to_end(key)

    def remember(self, partition: int, key: bytes, arrival_ms: int) -> None:
        """A key that was heard elsewhere, or before a restart: its silence counts from now at the latest."""
        if key not in self._heard.get(partition, ()):
            self.heard(partition, key, arrival_ms)

    def knows(self, partition: int) -> bool:
        """Whether anything arrived on a partition yet, so that it has a clock."""
        return partition in self._clock

    def now_ms(self, partition: int) -> int:
        """The partition's clock, epoch milliseconds of arrival."""
        latest, since = self._clock[partition]
        return latest + int((self._monotonic() - since) * 1000)

    def silent_for(self, silence_ms: int) -> Iterator[tuple[int, bytes]]:
        """Partition and key of what was not heard for so long; each is given out once, until heard again."""
        for partition, keys in self._heard.items():
            horizon = self.now_ms(partition) - silence_ms
            while keys:
                key, heard_ms = next(iter(keys.items()))
                if heard_ms > horizon:
                    break
                del keys[key]
                yield partition, key

    def keep_only(self, partitions: set[int]) -> None:
        """Only these partitions are ours: whoever else holds the others sees to their silence."""
        for partition in set(self._clock) - partitions:
            self._heard.pop(partition, None)
            self._clock.pop(partition, None)
