"""What topics hold up to now, read once by whoever asks: a command, a journey, a backtest; not for the stream.

No group takes part and nothing is committed. Order holds within a partition. What retention has deleted is
not there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from cxstream.engine.provision import list_topics
from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import TopicSpec
from cxstream.errors import UNREADABLE, EngineError
from cxstream.settings import Settings

T = TypeVar("T")

WAIT_MS: Final = 5_000
"""How long a broker may take to hand over what it says it has, before it is asked again."""


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer outside every group, without partitions yet. Raises `EngineError` when no broker answers."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.brokers,
        enable_auto_commit=False,
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=9_000_000,
        **Security.of(settings).for_aiokafka(),
    )
    try:
        with reaching(settings.brokers):
            await consumer.start()
            # a task of aiokafka's that is stopped before its first turn raises
            await asyncio.sleep(0)
            yield consumer
    finally:
        await consumer.stop()


async def partitions(settings: Settings, topics: Iterable[str]) -> dict[str, int]:
    """How many partitions each topic has; 0 when it is not there. Raises `EngineError`."""
    specs = [TopicSpec(name, None) for name in topics]
    states = await list_topics(settings.brokers, specs, security=Security.of(settings))
    return {state.name: state.partitions for state in states}


async def places_of(settings: Settings, topic: str) -> list[TopicPartition]:
    """The partitions of a topic in order. Raises `EngineError` when there is no such topic."""
    count = (await partitions(settings, [topic]))[topic]
    if not count:
        raise EngineError(
            f"no topic {topic} at {settings.brokers}; `cxstream topics create` makes what is missing"
        )
    return [TopicPartition(topic, number) for number in range(count)]


def readable(decoder: msgspec.json.Decoder[T], value: bytes | None) -> T | None:
    """A record; None for what is none of those looked for: a foreign writer's, or a deletion."""
    try:
        return None if value is None else decoder.decode(value)
    except UNREADABLE:
        return None


async def until_now(
    consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]
) -> AsyncIterator[ConsumerRecord]:
    """Every record of these partitions up to the ends that they had when asked."""
    if not places:
        return
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    ends = await consumer.end_offsets(places)
    firsts = await consumer.beginning_offsets(places)
    still = {place for place in places if firsts[place] < ends[place]}
    while still:
        batches = await consumer.getmany(*still, timeout_ms=WAIT_MS, max_records=2_000)
        for messages in batches.values():
            for message in messages:
                yield message
        # a position moves past what compaction has taken away as well
        still = {place for place in still if await consumer.position(place) < ends[place]}
