"""Every partition of some topics, followed without a group: for what each process has to know whole.

It begins a while back, so that a process that starts anew knows what is live, and says it is ready when it
has come to where the topics ended at its start. Nothing is committed; a record may come twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from cxstream.engine.codec import place_of
from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.engine.tracing import Tracer, reading
from cxstream.settings import Settings

Take = Callable[[bytes | None, int], None]
"""The record's bytes, and when it came: Kafka's clock for what lay there at the start, then ours; epoch ms."""

_CATCH_UP_WITHIN_S = 30.0
_MOST_RECORDS = 2_000
_RETRY_S = 1.0

_log = logging.getLogger(__name__)


class Tail:
    """Follows topics by their roles from `lookback_s` ago, those of `whole` from their beginning.

    What comes on the topics of `traced` gets a span until it is taken; not what lay there at the start.
    """

    def __init__(
        self,
        settings: Settings,
        roles: Sequence[str],
        take: Take,
        *,
        lookback_s: float,
        whole: Sequence[str] = (),
        tracer: Tracer | None = None,
        traced: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        names = Topics(settings.topic_prefix).by_role()
        self._topics = [names[role] for role in (*roles, *whole)]
        self._whole = {names[role] for role in whole}
        self._take = take
        self._tracer = tracer
        self._traced = {names[role] for role in traced} if tracer else set()
        self._lookback_s = lookback_s
        self._consumer: AIOKafkaConsumer | None = None
        self._reading: asyncio.Task[None] | None = None
        self._caught_up = asyncio.Event()
        self._goals: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Connect, and read what is there, for at most half a minute. Raises `EngineError`."""
        settings = self._settings
        self._consumer = consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.brokers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=20 if settings.embedded else 200,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            **Security.of(settings).for_aiokafka(),
        )
        try:
            with reaching(settings.brokers):
                await consumer.start()
                await self._place(consumer)
        except BaseException:
            await consumer.stop()
            raise
        self._reading = asyncio.create_task(self._read(consumer))
        try:
            async with asyncio.timeout(_CATCH_UP_WITHIN_S):
                await self._caught_up.wait()
        except TimeoutError:
            _log.warning("still reading what was on the topics before; the desk opens meanwhile")

    async def stop(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._consumer is not None:
            await self._consumer.stop()

    async def trouble(self) -> str | None:
        """Why it does not know everything yet; None when it does."""
        if self._reading is None or self._reading.done():
            return "the topics are not read"
        return None if self._caught_up.is_set() else "reading what was on the topics before"

    async def _place(self, consumer: AIOKafkaConsumer) -> None:
        places = [
            TopicPartition(topic, number)
            for topic in self._topics
            for number in await self._partitions(consumer, topic)
        ]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        starts = await consumer.beginning_offsets(places)
        if not self._settings.embedded:  # the embedded broker cannot look for a time
            since_ms = int((time.time() - self._lookback_s) * 1000)
            found = await consumer.offsets_for_times(dict.fromkeys(places, since_ms))
            for place in places:
                if place.topic not in self._whole:
                    starts[place] = found[place].offset if found.get(place) else ends[place]
        for place in places:
            consumer.seek(place, starts[place])
        self._goals = {p: ends[p] for p in places if starts[p] < ends[p]}
        if not self._goals:
            self._caught_up.set()

    async def _partitions(self, consumer: AIOKafkaConsumer, topic: str) -> list[int]:
        return sorted(await consumer._client._wait_on_metadata(topic))  # as `subscribe` would

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                batches = await consumer.getmany(timeout_ms=500, max_records=_MOST_RECORDS)
            except KafkaError as error:
                _log.warning("the topics cannot be read at the moment: %s", type(error).__name__)
                await asyncio.sleep(_RETRY_S)
                continue
            now_ms = time.time_ns() // 1_000_000
            for place, messages in batches.items():
                goal = self._goals.get(place)
                for message in messages:
                    if goal is not None and message.offset < goal:
                        self._take(message.value, min(message.timestamp, now_ms))
                    elif place.topic in self._traced:
                        with reading(
                            self._tracer, "deliver", place_of(message), list(message.headers)
                        ):
                            self._take(message.value, now_ms)
                    else:
                        self._take(message.value, now_ms)
                if goal is not None and messages[-1].offset + 1 >= goal:
                    del self._goals[place]
            if not self._goals:
                self._caught_up.set()
