"""A flood of seconds; `make chaos` plays the long ones. See docs/reliability.md for the ladder."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest
from brokers import Broker
from flood import play
from members import Setup

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]


def test_a_flood_is_answered_in_order_and_passes(kafka_broker: Broker, tmp_path: Path) -> None:
    setup = Setup(
        brokers=kafka_broker.bootstrap_servers,
        prefix=f"flood-{uuid.uuid4().hex[:8]}.",
        folder=tmp_path,
        store="rocksdb",
        score_deadline_s=30.0,
        overload_s=0.5,
        overload_calm_s=2.0,
    )
    flood = asyncio.run(play(setup, measured_s=3.0, seconds=5.0, times=(2.0, 10.0), more_mb=150.0))
    assert not flood.faults, list(dict.fromkeys(flood.faults))
