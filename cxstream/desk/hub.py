"""Who is told what, once, in order, without waiting for anybody: the hub of the live streams.

An event goes to one or more *audiences* (the nudges of an agent, the floor of a queue). Each audience keeps
the newest events in a ring, so that a reader who comes back with the id of its last event gets what it
missed. Where that is no longer there, the subscription says `reset`, and the caller begins with a snapshot.

An id is `<mark>-<number>`: the mark is of this process, so the id of another process is never taken for one
of ours (any process serves any reader, after a reset). Nothing here waits: `publish` only appends. A reader
whose queue is full is cut off; it comes back and resumes, or gets a reset.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Collection, Iterable
from typing import NamedTuple


class Audience(NamedTuple):
    """Whose events: a stream (`nudges`, `desk`, `floor`, `conversation`), the tenant, and who in it."""

    stream: str
    tenant: str
    who: str


class Event(NamedTuple):
    """One event: its number in this process, its kind, and one JSON object in UTF-8."""

    number: int
    kind: str
    data: bytes


class Ring:
    """The newest events of an audience; `forgotten` is the highest number that may have left it."""

    __slots__ = ("events", "forgotten")

    def __init__(self, size: int, forgotten: int) -> None:
        self.events: deque[Event] = deque(maxlen=size)
        self.forgotten = forgotten

    def put(self, event: Event) -> None:
        """Append; the oldest leaves when there are too many."""
        if len(self.events) == self.events.maxlen:
            self.forgotten = self.events[0].number
        self.events.append(event)


class Subscription:
    """One reader's seat. `reset` says why a snapshot has to come first, None when nothing was missed."""

    __slots__ = ("_queue", "_queue_max", "_wake", "audiences", "cut", "reset")

    def __init__(
        self, audiences: Collection[Audience], *, queue_max: int, reset: str | None
    ) -> None:
        self.audiences = tuple(audiences)
        self.reset = reset
        self.cut: str | None = None
        self._queue: deque[Event] = deque()
        self._queue_max = queue_max
        self._wake = asyncio.Event()

    def give(self, event: Event) -> bool:
        """Queue an event; False when the reader is too slow, and from now on cut off."""
        if self.cut is not None:
            return False
        if len(self._queue) >= self._queue_max:
            self.close("slow")
            return False
        if not self._queue or self._queue[-1].number != event.number:
            self._queue.append(event)
        self._wake.set()
        return True

    def close(self, reason: str) -> None:
        """End the subscription: `slow`, `stopping`; what is queued is dropped, the ring has it."""
        self.cut = self.cut or reason
        self._queue.clear()
        self._wake.set()

    def replay(self, events: Iterable[Event]) -> None:
        """Begin with what was missed."""
        self._queue.extend(events)
        if self._queue:
            self._wake.set()

    async def take(self, keepalive_s: float) -> list[Event]:
        """Everything that is queued; empty after `keepalive_s` of silence, or at once when cut off."""
        if not self._wake.is_set():
            try:
                async with asyncio.timeout(keepalive_s):
                    await self._wake.wait()
            except TimeoutError:
                return []
        self._wake.clear()
        events = list(self._queue)
        self._queue.clear()
        if self.cut is not None:
            self._wake.set()
        return events


class Hub:
    """Audiences, their rings and their readers; for one event loop.

    `ring_size` events of each of the `rings_max` latest audiences can be replayed; `queue_max` may wait for
    a reader before it is cut off.
    """

    def __init__(
        self, mark: str, *, ring_size: int = 64, queue_max: int = 256, rings_max: int = 10_000
    ) -> None:
        self.mark = mark
        self.cut_off = 0
        self._number = 0
        self._ring_size = ring_size
        self._queue_max = queue_max
        self._rings_max = rings_max
        self._rings: OrderedDict[Audience, Ring] = OrderedDict()
        self._forgotten = 0
        self._readers: dict[Audience, set[Subscription]] = {}

    @property
    def readers(self) -> int:
        """How many subscriptions are open."""
        return len({id(s) for seats in self._readers.values() for s in seats})

    def last_id(self) -> str:
        """The id of the newest event: who has a snapshot of now resumes after it."""
        return self.id_of(self._number)

    def id_of(self, number: int) -> str:
        """A number as it stands on the wire."""
        return f"{self.mark}-{number}"

    def is_heard(self, audience: Audience) -> bool:
        """Whether anyone reads it now; spares making events for nobody."""
        return audience in self._readers

    def publish(
        self, audiences: Iterable[Audience], kind: str, data: bytes, *, keep: bool = True
    ) -> Event:
        """Give an event to every reader of these audiences, each once, and keep it for those who return.

        What is over in a moment need not be kept: it would take the place of what must not be missed.
        """
        self._number += 1
        event = Event(self._number, kind, data)
        for audience in audiences:
            if keep:
                self._ring(audience).put(event)
            slow = [s for s in self._readers.get(audience, ()) if not s.give(event)]
            for subscription in slow:
                self.cut_off += 1
                self.leave(subscription)
        return event

    def subscribe(self, audiences: Collection[Audience], after: str | None = None) -> Subscription:
        """Take a seat; `after` is the last id the reader has. See `Subscription.reset`."""
        reset, missed = self._missed(audiences, after)
        subscription = Subscription(audiences, queue_max=self._queue_max, reset=reset)
        subscription.replay(missed)
        for audience in subscription.audiences:
            self._readers.setdefault(audience, set()).add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Give the seat back; twice is harmless."""
        for audience in subscription.audiences:
            seats = self._readers.get(audience)
            if seats is not None:
                seats.discard(subscription)
                if not seats:
                    del self._readers[audience]

    def close(self) -> None:
        """End every subscription, so that a process can stop: readers go to another one."""
        for subscription in {s for seats in self._readers.values() for s in seats}:
            subscription.close("stopping")
            self.leave(subscription)

    def _missed(
        self, audiences: Collection[Audience], after: str | None
    ) -> tuple[str | None, list[Event]]:
        """Why a snapshot is needed, or the events after that id."""
        if after is None:
            return "new", []
        mark, _, digits = after.rpartition("-")
        if mark != self.mark or not digits.isdecimal() or int(digits) > self._number:
            return "unknown_id", []
        number = int(digits)
        rings = [self._rings.get(audience) for audience in audiences]
        if any(number < (ring.forgotten if ring else self._forgotten) for ring in rings):
            return "too_old", []
        found = {e.number: e for ring in rings if ring for e in ring.events if e.number > number}
        return None, [found[n] for n in sorted(found)]

    def _ring(self, audience: Audience) -> Ring:
        ring = self._rings.get(audience)
        if ring is None:
            ring = self._rings[audience] = Ring(self._ring_size, self._forgotten)
            if len(self._rings) > self._rings_max:
                _, oldest = self._rings.popitem(last=False)
                newest = oldest.events[-1].number if oldest.events else oldest.forgotten
                self._forgotten = max(self._forgotten, newest)
        else:
            self._rings.move_to_end(audience)
        return ring
