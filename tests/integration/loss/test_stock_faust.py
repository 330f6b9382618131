"""What stock Faust loses, on real Kafka: why `engine/batches.py` and `engine/recovery.py` are there.

Each fails the day Faust mends it (then ours can go). Recovery is in `test_loss.py`, beside ours.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from brokers import Broker
from waiting import until_async

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

STOCK = Path(__file__).with_name("stock.py")
SENT = 20
PATIENCE_S = 400.0


@contextmanager
def stock(mode: str, broker: Broker, topic: str, folder: Path, *more: str) -> Iterator[None]:
    """A worker of stock Faust, killed at the end."""
    given = [sys.executable, str(STOCK), mode, broker.bootstrap_servers, topic, str(folder), *more]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(given, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def committed(admin: AIOKafkaAdminClient, topic: str) -> int:
    """The next offset that the worker's group has committed."""
    try:
        found = await admin.list_consumer_group_offsets(f"{topic}-app")
    except KafkaError:  # a broker that has just started has no coordinator yet
        return 0
    return getattr(found.get(TopicPartition(topic, 0)), "offset", 0)


def handled_with(record: str, folder: Path) -> set[str]:
    """What was handled, once this record was; nothing before that."""
    file = folder / "handled"
    handled = set(file.read_text().split()) if file.is_file() else set[str]()
    return handled if record in handled else set()


async def story(mode: str, broker: Broker, folder: Path) -> set[str]:
    """Records are sent; a worker commits all of them, and is killed; the next one works. What was handled?"""
    topic = f"stock-{uuid.uuid4().hex[:8]}"
    servers = broker.bootstrap_servers
    admin, producer = AIOKafkaAdminClient(bootstrap_servers=servers), AIOKafkaProducer(
        bootstrap_servers=servers
    )  # fmt: skip
    await admin.start()
    await producer.start()
    try:
        await admin.create_topics(
            [NewTopic(topic, 1, 1), NewTopic(f"{topic}-app-counts-changelog", 1, 1)]
        )
        await asyncio.gather(*[await producer.send(topic, b"%d" % n) for n in range(SENT)])
        with stock(mode, broker, topic, folder):
            while await committed(admin, topic) < SENT:
                pass  # each look is a question to Kafka, which takes its time
        await producer.send_and_wait(topic, b"last")
        with stock(mode, broker, topic, folder, "well"):
            return await until_async(lambda: handled_with("last", folder), "the last", PATIENCE_S)
    finally:
        await producer.stop()
        await admin.close()


def test_take_acknowledges_the_batch_that_its_agent_failed_on(
    kafka_broker: Broker, tmp_path: Path
) -> None:
    handled = asyncio.run(asyncio.wait_for(story("take", kafka_broker, tmp_path), 500))
    assert handled == {"last"}, "Faust may have mended take(): engine/batches.py may use it"


def test_with_concurrency_it_commits_past_what_is_still_in_work(
    kafka_broker: Broker, tmp_path: Path
) -> None:
    handled = asyncio.run(asyncio.wait_for(story("concurrency", kafka_broker, tmp_path), 500))
    assert "0" not in handled, "Faust may have mended concurrency"
    assert handled == {"last", *map(str, range(1, SENT))}


async def read_ahead(broker: Broker, folder: Path) -> int:
    """Records are there, none was ever committed, and a worker reads ahead: where is it after its seek?"""
    topic = f"stock-{uuid.uuid4().hex[:8]}"
    servers = broker.bootstrap_servers
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await admin.start()
    await producer.start()
    try:
        await admin.create_topics(
            [NewTopic(topic, 1, 1), NewTopic(f"{topic}-app-counts-changelog", 1, 1)]
        )
        # a row to recover, or its fetcher does not run yet when it seeks
        await producer.send_and_wait(f"{topic}-app-counts-changelog", b"1", key=b'"row"')
        await asyncio.gather(*[await producer.send(topic, b"%d" % n) for n in range(SENT)])
        with stock("seek", broker, topic, folder, "well"):
            where = folder / "position"
            await until_async(where.is_file, "its recovery to end", PATIENCE_S)
        return int(where.read_text())
    finally:
        await producer.stop()
        await admin.close()


def test_its_recovery_rewinds_no_partition_without_a_committed_offset(
    kafka_broker: Broker, tmp_path: Path
) -> None:
    """What was read ahead stays read: if the queues are cleared before an agent has taken it, it is lost.

    Whether they are is a race, which this test does not run; `tests/engine/test_worker.py` keeps ours from it.
    """
    position = asyncio.run(read_ahead(kafka_broker, tmp_path))
    assert position > 0, "Faust may seek to the beginning now: engine/recovery.py need not"
