"""A short session of each kind that needs one broker; `make chaos` plays the long ones."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from brokers import Broker
from faults import ALL, Fault, Term
from ledger import Ledger
from members import Setup
from script import begin_ms
from session import Report, play

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(1200)]

SHORT = ("kill-rocksdb", "pause", "disk")
"""In `make test`: the kinds that the others are made of."""
SEED = int(os.environ.get("CXSTREAM_LOSS_SEED") or time.time())
"""In the report of every failure; CXSTREAM_LOSS_SEED plays it again."""

SetupFor = Callable[..., Setup]


@pytest.fixture
def setup_for(kafka_broker: Broker, tmp_path: Path) -> SetupFor:
    """A setup in topics of its own on the brokers that the tests share."""

    def make(store: str = "memory", *, stock_recovery: bool = False) -> Setup:
        prefix = f"loss-{uuid.uuid4().hex[:8]}."
        return Setup(
            brokers=kafka_broker.bootstrap_servers,
            prefix=prefix,
            folder=tmp_path / prefix,
            store=store,
            stock_recovery=stock_recovery,
        )

    return make


def now() -> int:
    """The event time of the first record: a moment ago."""
    return begin_ms(1, int(time.time() * 1000))


def run(
    setup: Setup, fault: Fault | None, base_ms: int, control: Ledger | None = None
) -> tuple[Report, Ledger]:
    return asyncio.run(play(setup, fault, seed=SEED, rounds=1, base_ms=base_ms, control=control))


def test_nothing_is_lost_doubled_disordered_or_wrong(setup_for: SetupFor) -> None:
    base_ms = now()
    control, expected = run(setup_for(), None, base_ms)
    assert control.well, str(control)
    for kind in SHORT:
        report, _ = run(setup_for(ALL[kind].store), ALL[kind](), base_ms, expected)
        assert report.well, str(report)


def test_nor_on_the_embedded_broker(embedded_broker: Broker, tmp_path: Path) -> None:
    """Where it is faithful: a worker that is stopped and comes back; it knows no static members, nor a disk."""
    prefix = f"loss-{uuid.uuid4().hex[:8]}."
    setup = Setup(embedded_broker.bootstrap_servers, prefix, tmp_path / prefix, embedded=True)
    report, _ = run(setup, Term(), now())
    assert report.well, str(report)


def test_with_fausts_own_recovery_the_oracle_goes_red(setup_for: SetupFor) -> None:
    """Faust opens its partitions, rewinds, and clears its queues: what came in between is never seen again."""
    report, _ = asyncio.run(
        play(
            setup_for(stock_recovery=True),
            Term(),
            seed=SEED,
            rounds=2,
            base_ms=now(),
            patience_s=30.0,
        )
    )
    assert report.stuck, f"Faust may have mended its recovery, and ours can go: {report}"
    assert report.verdict is not None
    lost, standing = report.verdict.count("lost"), "all committed" in report.stuck
    assert lost or standing, str(report)
