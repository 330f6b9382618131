"""What the engine takes for granted of a broker, on both: records whole, keys to one place, prompt."""

from __future__ import annotations

import asyncio
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import ConsumerRecord
from brokers import Broker
from confluent_kafka import Producer

from cxstream.engine.provision import ensure_topics
from cxstream.engine.topics import TopicSpec

HOUR_MS = 3_600_000
FAUST_WAITS_MS = 1500  # hard-coded in Faust; engine/transport.py shortens it


def _made(broker: Broker, prefix: str) -> str:
    name = f"{prefix}records"
    asyncio.run(
        ensure_topics(
            broker.bootstrap_servers,
            [TopicSpec(name, HOUR_MS)],
            partitions=4,
            replication=1,
            embedded=broker.embedded,
        )
    )
    return name


async def _reader(broker: Broker, topic: str, wait_ms: int = 20) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=broker.bootstrap_servers,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=wait_ms,
    )
    await consumer.start()
    return consumer


async def _read(consumer: AIOKafkaConsumer, count: int) -> list[ConsumerRecord[bytes, bytes]]:
    async with asyncio.timeout(30):
        return [await consumer.getone() for _ in range(count)]


def test_a_record_comes_back_whole(broker: Broker, topic_prefix: str) -> None:
    topic = _made(broker, topic_prefix)
    headers = [("ce_id", b"f-1"), ("ce_type", b"cx.fragment.v1")]

    async def there_and_back() -> ConsumerRecord[bytes, bytes]:
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
            await producer.send_and_wait(
                topic,
                b'{"text": "hi"}',
                key=b"conv-1",
                timestamp_ms=1_700_000_000_123,
                headers=headers,
            )
        consumer = await _reader(broker, topic)
        try:
            return (await _read(consumer, 1))[0]
        finally:
            await consumer.stop()

    record = asyncio.run(there_and_back())
    assert (record.key, record.value) == (b"conv-1", b'{"text": "hi"}')
    assert record.timestamp == 1_700_000_000_123
    assert list(record.headers) == headers


def test_a_clock_far_ahead_is_not_refused(broker: Broker, topic_prefix: str) -> None:
    """Kafka 4 refuses records an hour in the future unless the topic says otherwise."""
    topic = _made(broker, topic_prefix)

    async def send() -> int:
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
            sent = await producer.send_and_wait(topic, b"x", timestamp_ms=4_102_444_800_000)
            return int(sent.offset)

    assert asyncio.run(send()) == 0


def test_order_is_kept_for_each_key(broker: Broker, topic_prefix: str) -> None:
    topic = _made(broker, topic_prefix)
    sent = [(f"k{n % 7}".encode(), str(n).encode()) for n in range(300)]

    async def there_and_back() -> list[tuple[bytes | None, bytes | None]]:
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
            for key, value in sent:
                await producer.send(topic, value, key=key)
            await producer.flush()
        consumer = await _reader(broker, topic)
        try:
            return [(record.key, record.value) for record in await _read(consumer, len(sent))]
        finally:
            await consumer.stop()

    came = asyncio.run(there_and_back())
    for key in {key for key, _ in sent}:
        assert [v for k, v in came if k == key] == [v for k, v in sent if k == key]


def test_librdkafka_deals_keys_as_we_do_only_with_murmur2(
    broker: Broker, topic_prefix: str
) -> None:
    """A producer on librdkafka's default would send a customer where their state is not."""
    topic = _made(broker, topic_prefix)
    keys = [f"customer-{n}".encode() for n in range(40)]

    def by_librdkafka(**partitioner: str) -> dict[bytes, int]:
        dealt: dict[bytes, int] = {}
        settings = {"bootstrap.servers": broker.bootstrap_servers, "log_level": 3, **partitioner}
        producer = Producer(settings)
        for key in keys:
            producer.produce(
                topic, b"", key, on_delivery=lambda e, m: dealt.update({m.key(): m.partition()})
            )
        assert producer.flush(20) == 0
        producer.close(5)
        return dealt

    async def by_aiokafka() -> dict[bytes, int]:
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
            sent = [(key, await producer.send(topic, b"", key=key)) for key in keys]
            return {key: (await done).partition for key, done in sent}

    ours = asyncio.run(by_aiokafka())
    assert by_librdkafka(partitioner="murmur2_random") == ours
    assert by_librdkafka() != ours


def test_a_waiting_fetch_is_woken_by_real_kafka_only(broker: Broker, topic_prefix: str) -> None:
    """Why engine/transport.py shortens Faust's wait on the embedded broker."""
    topic = _made(broker, topic_prefix)

    async def delays() -> list[float]:
        consumer = await _reader(broker, topic, wait_ms=FAUST_WAITS_MS)
        try:
            async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
                measured = []
                for _ in range(2):
                    # Until this is over there is nothing to read: now a fetch is surely waiting.
                    assert await consumer.getmany(timeout_ms=200) == {}
                    began = time.perf_counter()
                    await producer.send_and_wait(topic, b"x", partition=0)
                    await _read(consumer, 1)
                    measured.append(time.perf_counter() - began)
                return measured
        finally:
            await consumer.stop()

    measured = asyncio.run(delays())
    if broker.embedded:
        assert min(measured) > 0.7, measured
    else:
        assert min(measured) < 0.4, measured
