"""What goes to a partition together arrives whole and in order, where `send` would put it, or is told of."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.producer.message_accumulator import BatchBuilder
from brokers import Broker

from cxstream.engine.parcels import Parcels
from cxstream.engine.provision import ensure_topics
from cxstream.engine.topics import TopicSpec

Came = list[tuple[bytes | None, bytes | None, int, int]]


def _made(broker: Broker, prefix: str) -> str:
    specs = [TopicSpec(f"{prefix}records", 3_600_000)]
    at, embedded = broker.bootstrap_servers, broker.embedded
    asyncio.run(ensure_topics(at, specs, partitions=4, replication=1, embedded=embedded))
    return specs[0].name


async def _read(broker: Broker, topic: str, count: int) -> Came:
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest"
    ) as consumer:
        async with asyncio.timeout(30):
            came = [await consumer.getone() for _ in range(count)]
    return [(record.key, record.value, record.partition, record.offset) for record in came]


def test_records_arrive_whole_in_order_and_where_their_key_belongs(
    broker: Broker, topic_prefix: str
) -> None:
    topic = _made(broker, topic_prefix)
    keys = [b"conversation-%d" % (n % 40) for n in range(400)]
    values = [b"%d" % n + bytes(900 * (n % 7)) for n in range(399)] + [bytes(300_000)]

    async def story() -> tuple[Came, dict[tuple[str, int], int], dict[bytes, int]]:
        async with AIOKafkaProducer(
            bootstrap_servers=broker.bootstrap_servers, max_batch_size=65_536
        ) as producer:
            parcels = Parcels(producer)
            for key, value in zip(keys, values, strict=True):
                await parcels.put(topic, key, value)
            last = await parcels.sent()
            came = await _read(broker, topic, len(keys))
            belongs = {key: await producer.send_and_wait(topic, b"", key) for key in set(keys)}
            return came, last, {key: put.partition for key, put in belongs.items()}

    came, last, belongs = asyncio.run(story())
    for key in set(keys):
        sent = [value for k, value in zip(keys, values, strict=True) if k == key]
        assert [(value, where) for k, value, where, _ in came if k == key] == [
            (value, belongs[key]) for value in sent
        ]
    for (_, partition), offset in last.items():
        assert offset == max(at for _, _, where, at in came if where == partition)


def test_headers_come_along_and_nothing_stays_nothing(broker: Broker, topic_prefix: str) -> None:
    """A changelog's record without a value deletes a row: an empty one would not."""
    topic = _made(broker, topic_prefix)
    given = [(b"one", [("ce_id", b"1"), ("ce_id", b"")]), (None, []), (b"", [])]

    async def story() -> list[Any]:
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
            parcels = Parcels(producer)
            for value, headers in given:
                await parcels.put(topic, b"key", value, partition=2, headers=headers)
            assert await parcels.sent() == {(topic, 2): 2}
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest"
        )
        async with consumer, asyncio.timeout(30):
            return [await consumer.getone() for _ in given]

    came = asyncio.run(story())
    assert [(one.value, list(one.headers)) for one in came] == given


def test_a_batch_that_the_broker_refuses_is_raised_and_no_other_is_left_unheard(
    kafka_broker: Broker, topic_prefix: str
) -> None:
    topic = _made(kafka_broker, topic_prefix)
    unheard: list[dict[str, Any]] = []

    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, found: unheard.append(found))
        async with AIOKafkaProducer(
            bootstrap_servers=kafka_broker.bootstrap_servers, max_request_size=20_000_000
        ) as producer:
            parcels = Parcels(producer)
            for partition in (0, 1, 2):
                value = bytes(2_000_000 if partition else 1)
                await parcels.put(topic, b"key", value, partition=partition)
            with pytest.raises(KafkaError):
                await parcels.sent()
            await producer.flush()
            del parcels
            gc.collect()

    asyncio.run(story())
    assert unheard == []


def test_who_stops_waiting_leaves_what_is_under_way_to_the_producer(
    broker: Broker, topic_prefix: str
) -> None:
    topic = _made(broker, topic_prefix)

    async def story() -> Came:
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
            parcels = Parcels(producer)
            await parcels.put(topic, b"key", b"value")
            waiting = asyncio.ensure_future(parcels.sent())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await producer.flush()
        return await _read(broker, topic, 1)

    ((_, value, _, _),) = asyncio.run(story())
    assert value == b"value"


def test_what_was_sent_before_one_could_not_be_is_no_failure_unheard() -> None:
    unheard: list[dict[str, Any]] = []

    class Refusing:
        """Takes one batch, whose answer is a failure, and refuses the next."""

        def __init__(self) -> None:
            self.answers: list[asyncio.Future[Any]] = []

        def create_batch(self) -> BatchBuilder:
            return BatchBuilder(1024, 0)

        async def send_batch(self, batch: object, topic: str, *, partition: int) -> Any:
            if self.answers:
                raise KafkaTimeoutError
            self.answers.append(asyncio.get_running_loop().create_future())
            return self.answers[0]

    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, found: unheard.append(found))
        producer = Refusing()
        parcels = Parcels(producer)
        for partition in (0, 1):
            await parcels.put("topic", b"key", b"value", partition=partition)
        with pytest.raises(KafkaTimeoutError):
            await parcels.sent()
        producer.answers.pop().set_exception(KafkaError())
        del parcels, producer
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(story())
    assert unheard == []
