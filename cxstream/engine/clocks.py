"""What time it is on a partition, by when records arrive.

The clock of a partition is the latest arrival on it, and runs on with the wall clock while nothing comes:
a replay of last year's stream closes nothing early, a partition that catches up after an outage neither,
and a quiet night still ends what nobody ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import faust


class Clocks:
    """The clock of arrival of each partition of one topic that this worker holds."""

    def __init__(
        self,
        app: faust.App,
        source: str,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._source = source
        self._monotonic = monotonic
        self._wall = wall
        self._latest: dict[int, tuple[int, float]] = {}

    def arrived(self, partition: int, arrival_ms: int) -> None:
        """A record arrived."""
        latest, _ = self._latest.get(partition, (arrival_ms, 0.0))
        self._latest[partition] = (max(latest, arrival_ms), self._monotonic())

    def now_ms(self, partition: int) -> int:
        """The partition's clock, epoch milliseconds of arrival; 0 while it is not known.

        Where nothing has arrived since the worker started it is the wall clock, once everything that lay there
        was read: what is waited for may be among it.
        """
        if partition in self._latest:
            latest, since = self._latest[partition]
            return latest + int((self._monotonic() - since) * 1000)
        for tp in self._app.consumer.assignment():
            if tp.partition == partition and tp.topic == self._source:
                end = self._app.consumer.highwater(tp)
                read = self._app.consumer._committed_offset.get(tp) or 0
                return int(self._wall() * 1000) if end is not None and read >= end else 0
        return 0

    def held(self) -> frozenset[int]:
        """The partitions that this worker holds; the clocks of others are forgotten."""
        assigned = self._app.consumer.assignment()
        held = frozenset(tp.partition for tp in assigned if tp.topic == self._source)
        for partition in self._latest.keys() - held:
            del self._latest[partition]
        return held
