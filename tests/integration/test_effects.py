"""Nothing done twice, nothing left undone, whoever is killed: the short run of `effects.py`."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from brokers import Broker
from effects import judged, settings_of, story


@pytest.mark.kafka
def test_every_effect_stands_exactly_once_whoever_is_killed(
    kafka_broker: Broker, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}: tests/integration/effects.py --seed {seed} --conversations 42 --kills 4")
    settings = settings_of(kafka_broker.bootstrap_servers)
    run = story(settings, tmp_path, seed=seed, count=42, kills=4)
    result = asyncio.run(asyncio.wait_for(run, 500))
    assert judged(result) == []
    assert sum(result.kills.values()) == 4
