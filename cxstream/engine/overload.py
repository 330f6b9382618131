"""Once a second: how long do records wait, and what is let go of? The agents ask for the `rung`.

A fragment waits twice, for its signal and for its decision; the sum is what an agent at a desktop notices.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from cxstream.engine.waits import TopicPartition, Waits
from cxstream.pipeline import Ladder, Rung

if TYPE_CHECKING:
    from cxstream.engine.app import CxApp

_log = logging.getLogger(__name__)


class OverloadObserver(Protocol):
    """Who tells of overload; implemented by `observe`."""

    def waits(self, topic: str, seconds: float) -> None:
        """The oldest record in hand of a topic has waited so long."""

    def rung(self, before: int, now: int) -> None:
        """The worker stands on a rung of the ladder; it stood on another, or on the same, before."""

    def shed(self, what: str, rung: str, count: int) -> None:
        """So many were let go of: partials, agent_scores, transformer (a lighter model answered), words."""


class Overload:
    """Where this worker stands on its ladder, and the waits that brought it there."""

    def __init__(
        self,
        ladder: Ladder,
        observer: OverloadObserver,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ladder = ladder
        self._observer = observer
        self._now = now
        self._waits = Waits()

    @property
    def rung(self) -> Rung:
        """What is let go of at the moment."""
        return self._ladder.rung

    def shed(self, what: str, count: int) -> None:
        """Account for what was let go of."""
        if count:
            self._observer.shed(what, self.rung.name.lower(), count)

    def look(
        self, ends: Mapping[TopicPartition, int], oldest: Mapping[TopicPartition, int]
    ) -> None:
        """`ends`: how far the partitions held here reach, of the topics whose records may wait.

        `oldest`: the first offset that is in hand or queued here; a partition without one is worked off.
        """
        now_s = self._now()
        self._waits.keep_only(ends)
        longest_s = {topic: 0.0 for topic, _ in ends}
        for place, end in ends.items():
            self._waits.note(place, end, now_s, idle=place not in oldest)
            if place in oldest:
                waited_s = self._waits.waited_s(place, oldest[place], now_s)
                longest_s[place[0]] = max(longest_s[place[0]], waited_s)
        for topic, seconds in longest_s.items():
            self._observer.waits(topic, seconds)
        total_s = sum(longest_s.values())
        before = self._ladder.rung
        rung = self._ladder.look(total_s, now_s)
        self._observer.rung(before, rung)
        if rung is not before:
            _log.warning(
                "overload: %s, was %s; the oldest record has waited %.1f s",
                rung.name.lower(),
                before.name.lower(),
                total_s,
            )


def watch(app: CxApp, overload: Overload, topics: Collection[str]) -> None:
    """Look once a second at the records of these topics that wait."""

    async def look() -> None:
        if not app.ready.is_set():
            return
        consumer = app.consumer
        ends = {
            (tp.topic, tp.partition): end
            for tp in consumer.assignment()
            if tp.topic in topics and (end := consumer.highwater(tp)) is not None
        }
        oldest: dict[TopicPartition, int] = {}
        for stage in app.stages.values():
            oldest |= stage.oldest()
        overload.look(ends, oldest)

    app.timer(interval=1.0, name="overload")(look)
