"""Nothing holds up the end of a worker, and a worker that stands still ends by itself."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest
from brokers import Broker
from field import Field
from members import Member, Setup
from script import Script

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]

PATIENCE_S = 200.0
DRAIN_S = 10.0
BEYOND_S = 40.0
"""What a busy test machine may take on top: far less than forever."""


def setup(
    broker: Broker, folder: Path, *, stall_s: float = 600.0, drain_s: float = DRAIN_S
) -> Setup:
    """A worker whose model nobody overtakes: a batch in hand stays in hand."""
    return Setup(
        brokers=broker.bootstrap_servers,
        prefix=f"drain-{uuid.uuid4().hex[:8]}.",
        folder=folder,
        store="rocksdb",
        drain_s=drain_s,
        score_deadline_s=3600.0,
        stall_s=stall_s,
    )


def port(member: Member) -> str | None:
    """Where the worker serves its metrics and its health, once it does."""
    said = re.findall(r"health on http://([\d.:]+)/metrics", member.log.read_text("utf-8"))
    return said[-1] if said else None


def ask(member: Member, path: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://{port(member)}{path}", timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())


def in_hand(member: Member) -> bool:
    """Whether the first batch was taken."""
    with urllib.request.urlopen(f"http://{port(member)}/metrics", timeout=10) as answer:
        return b'cxstream_batch_records_count{stage="conversations"}' in answer.read()


async def begun(ground: Field, member: Member, mood: str = "hangs") -> None:
    """The worker runs, has told its phases, and stays in the middle of a batch."""
    member.start()
    await ground.until(lambda: port(member) is not None, "health is served", PATIENCE_S)
    seen = {ask(member, "/readyz")[1]["phase"]}
    assert ask(member, "/healthz")[0] == 200, "alive while it starts"
    await ground.until(lambda: member.ready, "ready", PATIENCE_S)
    assert ask(member, "/readyz") == (
        200,
        {"phase": "running", "alive": True, "ready": True, "why": ""},
    )
    assert seen <= {"starting", "recovering", "running"}
    member.mood(mood)
    await ground.send(Script(1, int(time.time() * 1000)).next_round())
    await ground.until(lambda: in_hand(member), "a batch in hand", PATIENCE_S)
    assert not ground.ledger.answered_ms


async def finished(ground: Field, member: Member) -> None:
    """The next worker does what the last one had in hand."""
    member.mood("well")
    member.start()
    await ground.settled(PATIENCE_S)
    verdict = ground.ledger.verdict()
    assert verdict.well, str(verdict)


def test_a_model_that_hangs_does_not_hold_up_a_drain(kafka_broker: Broker, tmp_path: Path) -> None:
    async def story() -> None:
        async with Field(setup(kafka_broker, tmp_path), seed=1) as ground:
            member = ground.member("worker")
            await begun(ground, member)
            member.signal(signal.SIGTERM)
            await ground.until(
                lambda: ask(member, "/readyz")[1]["phase"] == "draining", "draining", DRAIN_S
            )
            status, told = ask(member, "/readyz")
            assert (status, told["alive"]) == (503, True)
            assert ask(member, "/healthz")[0] == 200, "who drains is not to be killed"
            assert await asyncio.to_thread(member.wait, DRAIN_S + BEYOND_S) == 0
            await finished(ground, member)

    asyncio.run(story())


def test_partitions_that_move_meanwhile_do_not_either(kafka_broker: Broker, tmp_path: Path) -> None:
    """A deploy: one worker comes while another goes. Faust would close the connection of the one that goes."""

    async def story() -> None:
        async with Field(setup(kafka_broker, tmp_path, drain_s=PATIENCE_S), seed=1) as ground:
            member, guest = ground.member("worker"), ground.member("guest")
            await begun(ground, member, "waits")
            member.signal(signal.SIGTERM)
            await ground.until(lambda: member.says(b"phase: draining"), "draining", PATIENCE_S)
            guest.start()
            await ground.until(
                lambda: member.says(b"because it is rebalancing"), "the guest joins", PATIENCE_S
            )
            member.mood("well")
            assert await asyncio.to_thread(member.wait, BEYOND_S) == 0
            assert not member.says(b"marking coordinator dead"), (
                "its connection was closed under it"
            )
            await ground.settled(PATIENCE_S)
            verdict = ground.ledger.verdict()
            assert verdict.well, str(verdict)

    asyncio.run(story())


def test_a_worker_that_stands_still_ends_by_itself(kafka_broker: Broker, tmp_path: Path) -> None:
    async def story() -> None:
        async with Field(setup(kafka_broker, tmp_path, stall_s=4.0), seed=1) as ground:
            member = ground.member("worker")
            await begun(ground, member)
            assert await asyncio.to_thread(member.wait, BEYOND_S) == 1
            assert "conversations has been working on one batch for" in member.log.read_text()
            await finished(ground, member)

    asyncio.run(story())
