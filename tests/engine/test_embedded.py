"""The embedded broker: that it is there, that it goes, and what it is known not to be."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from brokers import Broker

from cxstream.engine import embedded
from cxstream.engine.embedded import EmbeddedBroker
from cxstream.engine.provision import list_topics
from cxstream.engine.topics import TopicSpec
from cxstream.errors import EngineError


def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except ConnectionRefusedError:
        return False
    return True


def test_it_listens_until_it_is_closed() -> None:
    with EmbeddedBroker() as broker:
        address = broker.bootstrap_servers
        assert _listens(address)
    assert not _listens(address)
    broker.close()  # twice does no harm


def test_it_can_stand_for_three_brokers() -> None:
    with EmbeddedBroker(brokers=3) as broker:
        addresses = broker.bootstrap_servers.split(",")
        assert len(set(addresses)) == 3
        assert all(_listens(address) for address in addresses)


def test_another_process_can_write_to_it(embedded_broker: Broker, topic_prefix: str) -> None:
    topic = f"{topic_prefix}from-outside"
    program = (
        "import sys; from confluent_kafka import Producer\n"
        "p = Producer({'bootstrap.servers': sys.argv[1]}); p.produce(sys.argv[2], b'hello')\n"
        "sys.exit(p.flush(10))\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, embedded_broker.bootstrap_servers, topic],
        check=True,
        timeout=60,
    )
    assert _read_from_start(embedded_broker, topic) == [b"hello"]


def test_its_topics_have_the_partitions_we_say(embedded_broker: Broker, topic_prefix: str) -> None:
    topic = f"{topic_prefix}new"

    async def ask() -> int:
        async with _producer(embedded_broker) as producer:
            return len(await producer.partitions_for(topic))

    assert asyncio.run(ask()) == embedded.PARTITIONS


def test_asking_whether_a_topic_exists_does_not_make_it(
    embedded_broker: Broker, topic_prefix: str
) -> None:
    asked = [TopicSpec(f"{topic_prefix}never", 1)]
    for _ in range(2):
        [state] = asyncio.run(list_topics(embedded_broker.bootstrap_servers, asked))
        assert not state.exists


def test_it_drops_the_oldest_records_beyond_five_mebibytes(
    embedded_broker: Broker, topic_prefix: str
) -> None:
    """The known limit that makes a feeder keep its readers close; here to notice when it moves."""
    topic, mib = f"{topic_prefix}long", 1024 * 1024
    place = TopicPartition(topic, 0)

    async def fill() -> tuple[int, int]:
        async with _producer(embedded_broker) as producer:
            for _ in range(80):
                await producer.send_and_wait(topic, bytes(100_000), partition=0)
        consumer = AIOKafkaConsumer(bootstrap_servers=embedded_broker.bootstrap_servers)
        await consumer.start()
        try:
            consumer.assign([place])
            begins = await consumer.beginning_offsets([place])
            ends = await consumer.end_offsets([place])
        finally:
            await consumer.stop()
        return begins[place], ends[place]

    begin, end = asyncio.run(fill())
    assert end == 80
    assert 4 * mib < (end - begin) * 100_000 <= 5 * mib


def _producer(broker: Broker) -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers)


def _read_from_start(broker: Broker, topic: str) -> list[bytes]:
    async def read() -> list[bytes]:
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=broker.bootstrap_servers,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=20,
        )
        await consumer.start()
        try:
            async with asyncio.timeout(20):
                return [(await consumer.getone()).value]
        finally:
            await consumer.stop()

    return asyncio.run(read())


@pytest.mark.parametrize("brokers", [0, -1])
def test_no_brokers_is_an_error_not_a_hang(brokers: int) -> None:
    with pytest.raises(EngineError, match="at least one"):
        EmbeddedBroker(brokers=brokers)
