"""The plan past one machine: its page says what its program says, its simulation does what arithmetic does."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from aiokafka.partitioner import DefaultPartitioner

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def test_the_page_says_what_the_program_says() -> None:
    import plan
    from bench import LATEST

    report = json.loads(LATEST.read_text())
    text = plan.PAGE.read_text()
    assert plan.page(report, text) == text, "python benchmarks/plan.py --write"


def test_ten_times_the_conversations_need_about_ten_times_as_much() -> None:
    import plan

    cost = plan.Costs(4.0, 1.0, 800.0, 1000.0, 5000.0, 2.0, 10.0, 100_000, "2026-11-25")
    few, many = (plan.need(n, cost, plan.Habits(), plan.Prices()) for n in (10_000, 100_000))
    assert many.utterances_a_second == 12_500
    assert 12_500 * 0.004 / 0.5 <= many.workers <= 1.5 * 12_500 * 0.004 / 0.5
    assert 9 < many.workers / few.workers < 13
    assert many.cells == -(-many.workers // 32)
    assert few.recovery_s == pytest.approx(many.recovery_s, rel=0.2), "each worker has its share"
    dearer = plan.need(10_000, cost._replace(utterance_ms=8.0), plan.Habits(), plan.Prices())
    assert dearer.workers > 1.8 * few.workers


def test_keys_are_dealt_as_kafkas_clients_deal_them() -> None:
    from skew import partition_of

    dealt = DefaultPartitioner()
    for number in range(200):
        key = b"acme:%x" % (number * 7919)
        assert partition_of(key, 12) == dealt(key, list(range(12)), list(range(12)))


def test_the_busiest_carries_more_where_partitions_or_keys_are_few() -> None:
    from skew import skew

    even = skew(2000, 48, 3, rounds=10).median
    assert 1.0 <= even < skew(60, 48, 3, rounds=10).median
    assert skew(2000, 4, 3, rounds=10).median > 1.4, "one of three has two of four"
    assert skew(2000, 48, 12, heavy=0.2, rounds=10).median > 2.0


def test_what_waits_is_what_came_while_nobody_read() -> None:
    from skew import lag

    gone = lag(100.0, 200.0, 10.0)
    assert gone.records == pytest.approx(1000, rel=0.15)
    assert gone.seconds == pytest.approx(20.0, rel=0.15), "at half load as long again"
    assert lag(180.0, 200.0, 10.0).seconds > 60
    assert lag(100.0, 90.0, 1.0).seconds >= 3600, "it never catches up"


def test_growth_is_found_and_noise_is_not() -> None:
    import soak

    chance = random.Random(3)
    wobble = [chance.gauss(0.0, 3.0) for _ in range(360)]

    def run(an_hour: float) -> soak.Slope:
        return soak.slope(
            [soak.Sample(n / 6, 700 + an_hour * n / 360 + wobble[n], 200.0) for n in range(360)]
        )

    flat, growing = run(0.0), run(120.0)
    assert flat.low < 0 < flat.high and flat.high - flat.low < 10
    assert growing.mib_an_hour == pytest.approx(120, abs=3) and growing.low > 110
