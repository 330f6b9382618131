"""Time passes on the clock of arrival, partition by partition."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from faust.types import TP

from cxstream.engine.clocks import Clocks

MINUTE_MS = 60_000
SOURCE = "cx.signals"
WALL_S = 1_795_000_000.0


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def consumer(*held: int, end: int | None = 5, read: int | None = 5) -> Any:
    """An app whose consumer holds partitions, in which so much lies and so much was read."""
    held_here = SimpleNamespace(
        assignment=lambda: {TP(SOURCE, p) for p in held} | {TP("other", 9)},
        highwater=lambda tp: end,
        _committed_offset={TP(SOURCE, p): read for p in held},
    )
    return SimpleNamespace(consumer=held_here)


def test_time_is_that_of_the_latest_arrival_and_runs_on() -> None:
    clock = Clock()
    clocks = Clocks(consumer(0, 1), SOURCE, clock)
    clocks.arrived(0, 1_000)
    clock.seconds = 29 * 60.0
    assert clocks.now_ms(0) == 1_000 + 29 * MINUTE_MS
    clocks.arrived(0, 1_000 + 10 * MINUTE_MS)
    assert clocks.now_ms(0) == 1_000 + 10 * MINUTE_MS, "a partition that catches up"


def test_a_partition_is_not_judged_by_another_ones_clock() -> None:
    clocks = Clocks(consumer(0, 1), SOURCE, Clock())
    clocks.arrived(0, 10 * 60 * MINUTE_MS)
    clocks.arrived(1, 0)
    assert clocks.now_ms(1) == 0


def test_a_clock_that_jumps_back_moves_nothing_back() -> None:
    clocks = Clocks(consumer(0), SOURCE, Clock())
    clocks.arrived(0, 40 * MINUTE_MS)
    clocks.arrived(0, 0)
    assert clocks.now_ms(0) == 40 * MINUTE_MS


def test_after_a_restart_a_quiet_partition_goes_by_the_wall_clock_once_all_was_read() -> None:
    def now_ms(**there: int | None) -> int:
        return Clocks(consumer(0, **there), SOURCE, Clock(), lambda: WALL_S).now_ms(0)

    assert now_ms(end=5, read=5) == int(WALL_S * 1000)
    assert now_ms(end=5, read=4) == 0, "what is waited for may be among it"
    assert now_ms(end=None, read=4) == 0
    assert now_ms(end=0, read=None) == int(WALL_S * 1000)


def test_the_clocks_of_lost_partitions_are_forgotten() -> None:
    clocks = Clocks(consumer(1, read=0), SOURCE, Clock())
    clocks.arrived(0, 99)
    clocks.arrived(1, 7)
    assert clocks.held() == {1}
    assert (clocks.now_ms(0), clocks.now_ms(1)) == (0, 7)
