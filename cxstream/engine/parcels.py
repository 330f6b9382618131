"""Records on their way to the broker, put together by partition: a batch goes as one, and is answered once.

For each record aiokafka's `send` looks up the partitions of its topic, hashes its key in Python, and makes a
future of its own that is then answered. What follows from a micro-batch is known together, and can go together.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.types import TP

from cxstream.engine.codec import Headers

_KEYS: Final = 16_384
"""Keys whose hash is remembered."""


class Parcels:
    """What is put in is on its way after `sent`, and each partition gets it in the order it was put in."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._partitions: dict[str, list[int]] = {}
        self._packed: dict[TP, list[BatchBuilder]] = {}

    async def put(
        self,
        topic: str,
        key: bytes,
        value: bytes | None,
        *,
        partition: int | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Add one record; without a `partition` it goes where every Kafka client sends its key."""
        if partition is None:
            partition = await self._partition_of(topic, key)
        batches = self._packed.setdefault(TP(topic, partition), [])
        if batches and _taken(batches[-1], key, value, headers):
            return
        batches.append(self._producer.create_batch())  # the first, or the one before is full
        _taken(batches[-1], key, value, headers)

    async def sent(self) -> dict[TP, int]:
        """Send them, and say by topic and partition the offset of the last, once the broker has them all.

        Raises what the first batch that failed did.
        """
        answers: list[asyncio.Future[Any]] = []
        counts: list[int] = []
        try:
            for (topic, partition), batches in self._packed.items():
                for batch in batches:
                    batch.close()
                    counts.append(batch.record_count())
                    sending = self._producer.send_batch(batch, topic, partition=partition)
                    answers.append(await sending)
        except BaseException:
            for answer in answers:
                answer.add_done_callback(_seen)
            raise
        answered = await asyncio.gather(*answers)
        return {
            TP(first.topic, first.partition): first.offset + count - 1
            for first, count in zip(answered, counts, strict=True)
        }

    async def _partition_of(self, topic: str, key: bytes) -> int:
        partitions = self._partitions.get(topic)
        if partitions is None:
            partitions = self._partitions[topic] = sorted(
                await self._producer.partitions_for(topic)
            )
        return partitions[_hashed(key) % len(partitions)]


def _taken(batch: BatchBuilder, key: bytes, value: bytes | None, headers: Headers | None) -> bool:
    """Whether a batch has room for a record; an empty one has for any."""
    return batch.append(timestamp=None, key=key, value=value, headers=headers or []) is not None


def _seen(answer: asyncio.Future[Any]) -> None:
    """Take note of a failure that nobody else will ask for."""
    if not answer.cancelled():
        answer.exception()


@lru_cache(_KEYS)
def _hashed(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF
