"""Recorded events onto their topics, paced, and never so fast that something is lost on the way."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer

from cxstream.engine import codec
from cxstream.engine.codec import Cause
from cxstream.engine.topics import Topics
from cxstream.engine.watching import Progress, Sent
from cxstream.events import Control, CustomerRecord, Fragment, Outcome, to_ms

IN_FLIGHT_MAX = 256
"""Records sent and not yet answered: keeps readers close behind, which the embedded broker needs."""


_CLOCKS_ARE_SET_MS = to_ms(datetime(2000, 1, 1, tzinfo=UTC))

_UNREAD = 0
"""One partition for all: in each replay they keep their order, and the place that a dead letter names."""

Record = Fragment | Control | CustomerRecord | Outcome | bytes
"""What is sent; as bytes a transcript record that could not be read and goes on as it is."""


class Feed:
    """Sends records in order with their event time as Kafka's timestamp.

    `speed` 1 keeps the recorded gaps, 10 plays ten times as fast, None as fast as the pipeline goes.
    Nobody waits longer than `pause_max_s` for the next record, however long the silence was.
    With `stamp` the recorded event time becomes Kafka's timestamp, as if each record arrived when it
    happened; without it (for workers elsewhere) records arrive now, and no retention rule can take them.
    With a `progress` (the pipeline runs in this process) records wait for it where order matters: a
    customer's conversations are heard in event-time order, so that a replay decides the same every time.
    """

    def __init__(
        self,
        producer: AIOKafkaProducer,
        topics: Topics,
        *,
        speed: float | None,
        stamp: bool,
        pause_max_s: float | None = None,
        progress: Progress | None = None,
        drained: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._producer = producer
        self._topics = topics
        self._speed = speed
        self._stamp = stamp
        self._pause_max_s = math.inf if pause_max_s is None else pause_max_s
        self._progress = progress
        self._drained = drained
        self._order = _CustomerOrder()

    async def send(
        self,
        records: Iterable[Record],
        on_sent: Callable[[Fragment | Control | CustomerRecord | Outcome], None] | None = None,
    ) -> int:
        """Send all records and return how many there were; the last is with the broker on return."""
        count = 0
        due, before_ms = time.monotonic(), None
        pending: list[Awaitable[Sent]] = []
        for record in records:
            if isinstance(record, bytes):
                pending.append(
                    await self._producer.send(self._topics.transcripts, record, partition=_UNREAD)
                )
                count += 1
                continue
            at_ms = to_ms(record.event_time) if record.event_time else None
            if self._speed and at_ms is not None:
                pause_s = (at_ms - (before_ms or at_ms)) / 1000 / self._speed
                due += min(max(0.0, pause_s), self._pause_max_s)
                before_ms = max(before_ms or at_ms, at_ms)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            if self._drained is not None and self._order.must_wait(record):
                await self._delivered(pending)
                await self._drained()
            pending.append(await self._post(record, at_ms))
            count += 1
            if on_sent is not None:
                on_sent(record)
            if self._speed or len(pending) >= IN_FLIGHT_MAX // 4:
                await self._delivered(pending)
        await self._delivered(pending)
        return count

    async def _post(
        self, record: Fragment | Control | CustomerRecord | Outcome, at_ms: int | None
    ) -> Awaitable[Sent]:
        if isinstance(record, CustomerRecord):
            topic, key = self._topics.customers, record.customer_id
        elif isinstance(record, Outcome):
            topic, key = self._topics.outcomes, record.customer_id or record.conversation_id
        else:
            topic, key = self._topics.transcripts, record.conversation_id
        now_ms = int(time.time() * 1000)
        sent: Awaitable[Sent] = await self._producer.send(
            topic,
            codec.encode(record),
            key=key.encode(),
            timestamp_ms=at_ms if self._stamp and at_ms and at_ms > _CLOCKS_ARE_SET_MS else None,
            headers=codec.headers(record, key, Cause(now_ms)),
        )
        return sent

    async def _delivered(self, pending: list[Awaitable[Sent]]) -> None:
        for metadata in await asyncio.gather(*pending):
            if self._progress is not None:
                self._progress.note_sent(metadata.topic, metadata.partition, metadata.offset)
        pending.clear()
        if self._progress is not None:
            await self._progress.until(lambda p: p.behind() < IN_FLIGHT_MAX)


class _CustomerOrder:
    """Which records have to wait until everything before them is decided."""

    def __init__(self) -> None:
        self._customer_of: dict[str, str] = {}
        self._heard_last: dict[str, str] = {}
        self._became_known = False

    def must_wait(self, record: Fragment | Control | CustomerRecord | Outcome) -> bool:
        """True when the customer is heard in another conversation, or has just become known."""
        if isinstance(record, CustomerRecord | Outcome):
            self._became_known = True
            return True
        conversation = record.conversation_id
        before = self._customer_of.get(conversation)
        known = record.customer_id or before or ""
        wait, self._became_known = self._became_known, before == "" and known != ""
        self._customer_of[conversation] = known
        if known:
            last = self._heard_last.get(known, conversation)
            self._heard_last[known] = conversation
            wait = wait or last != conversation
        return wait
