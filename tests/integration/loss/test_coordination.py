"""A group that cannot be joined ends the worker, which would wait for its partitions for ever."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest
from brokers import Broker
from field import Field
from members import Setup

pytestmark = pytest.mark.kafka


def test_a_worker_whose_group_is_not_coordinated_ends(kafka_broker: Broker, tmp_path: Path) -> None:
    """aiokafka waits until somebody who fetches was told; in a worker that recovers nobody fetches yet."""

    async def scenario() -> None:
        prefix = f"uncoordinated-{uuid.uuid4().hex[:8]}."
        setup = Setup(kafka_broker.bootstrap_servers, prefix, tmp_path, sync_fails=True)
        async with Field(setup, seed=1) as ground:
            member = ground.member("worker")
            member.start()
            assert await asyncio.to_thread(member.wait, 60) == 1
            assert member.says(b"the group is not coordinated any more")
            assert member.says(b"phase: stuck")

    asyncio.run(scenario())
