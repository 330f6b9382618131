"""A recovery ends where the changelog ends, also when its last offset is no record."""

from __future__ import annotations

import asyncio
import time
import uuid
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from brokers import Broker
from field import Field
from members import Setup
from script import Script

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]


def test_who_has_read_everything_that_is_there_has_recovered(
    kafka_broker: Broker, tmp_path: Path
) -> None:
    """The end of a transaction takes an offset and is no record, as what compaction took away."""
    setup = Setup(
        brokers=kafka_broker.bootstrap_servers,
        prefix=f"end-{uuid.uuid4().hex[:8]}.",
        folder=tmp_path,
        store="rocksdb",
    )

    async def story() -> None:
        async with Field(setup, seed=1) as ground:
            producer = AIOKafkaProducer(
                bootstrap_servers=setup.brokers, transactional_id=setup.app_id
            )
            await producer.start()
            try:
                async with producer.transaction():
                    for partition in range(4):
                        topic = f"{setup.app_id}-conversations-changelog"
                        await producer.send_and_wait(topic, None, b"gone", partition)
            finally:
                await producer.stop()
            member = ground.member("worker")
            member.start()
            await ground.until(lambda: member.ready, "ready", 200.0)
            assert "ends without a record" in member.log.read_text("utf-8")
            await ground.send(Script(1, int(time.time() * 1000)).next_round())
            await ground.settled()

    asyncio.run(story())
