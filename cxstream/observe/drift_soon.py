"""Drift is watched from when its detector has been loaded, which nobody waits for.

River, whose detector it is, takes a second of processor time to load: a third of a worker's start, and a worker
that is started anew must decide again at once. So it is loaded beside the first texts; what was read of them is
kept until then, and nothing is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from cxstream.understand.scorer import Reading

if TYPE_CHECKING:
    from cxstream.observe.drift import DriftWatch


class SoonWatched:
    """A `DriftWatch` that is made by another thread from the first text on. Itself not for several threads."""

    def __init__(self, make: Callable[[], DriftWatch]) -> None:
        self._make = make
        self._made: Future[DriftWatch] | None = None
        self._watch: DriftWatch | None = None
        self._kept: list[Reading] = []

    def saw(self, readings: Sequence[Reading]) -> None:
        """Take in what was read of each text of a batch; at once, or when the watch is there."""
        if self._watch is None:
            self._kept += readings
            readings = self._kept_since()
        if self._watch is not None:
            for reading in readings:
                self._watch.saw(reading)

    def _kept_since(self) -> Sequence[Reading]:
        """What was kept, once the watch has been made; none before."""
        if self._made is None:
            thread = ThreadPoolExecutor(1, "drift")
            self._made = thread.submit(self._make)
            thread.shutdown(wait=False)
        if not self._made.done():
            return ()
        self._watch = self._made.result()
        kept, self._kept = self._kept, []
        return kept
