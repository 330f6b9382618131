"""A deploy of one worker is nobody else's matter: it comes back under its name, to its partitions."""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from functools import partial
from pathlib import Path

import pytest
from brokers import Broker
from faults import STOPPED
from field import Field
from members import Member, Setup
from script import Script

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]

PATIENCE_S = 200.0


def ready(member: Member) -> bool:
    return member.ready


def rebalances(member: Member) -> int:
    """How often partitions moved, by its log."""
    return member.log.read_text("utf-8").count("generation id ")


def test_who_comes_back_within_its_session_moves_nobody(
    kafka_broker: Broker, tmp_path: Path
) -> None:
    setup = Setup(
        brokers=kafka_broker.bootstrap_servers,
        prefix=f"name-{uuid.uuid4().hex[:8]}.",
        folder=tmp_path,
        store="rocksdb",
        session_timeout_s=80.0,
    )
    script = Script(1, int(time.time() * 1000))

    async def story() -> None:
        async with Field(setup, seed=1) as ground:
            stays, deployed = ground.member("stays"), ground.member("deployed")
            for member in (stays, deployed):
                member.start()
                await ground.until(partial(ready, member), "ready", PATIENCE_S)
            await ground.send(script.next_round())
            await ground.settled(PATIENCE_S)
            before = rebalances(stays)
            assert before >= 2, "the second one's coming moved partitions, and is seen in the log"
            deployed.signal(signal.SIGTERM)
            assert await asyncio.to_thread(deployed.wait, PATIENCE_S) in STOPPED
            deployed.start()
            await ground.until(lambda: deployed.ready, "ready again", PATIENCE_S)
            await ground.send(script.next_round())
            await ground.settled(PATIENCE_S)
            assert rebalances(stays) == before
            verdict = ground.ledger.verdict()
            assert verdict.well, str(verdict)

    asyncio.run(story())
