"""Silence is measured on the clock of arrival, partition by partition."""

from __future__ import annotations

from cxstream.engine.idle import Idle

MINUTE_MS = 60_000


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_key_is_silent_once_others_have_gone_on_without_it() -> None:
    idle = Idle(Clock())
    idle.heard(0, b"a", 0)
    idle.heard(0, b"b", 20 * MINUTE_MS)
    assert list(idle.silent_for(30 * MINUTE_MS)) == []
    idle.heard(0, b"b", 31 * MINUTE_MS)
    assert list(idle.silent_for(30 * MINUTE_MS)) == [(0, b"a")]
    assert list(idle.silent_for(30 * MINUTE_MS)) == [], "given out once"


def test_a_quiet_partition_ends_its_conversations_by_the_wall_clock() -> None:
    clock = Clock()
    idle = Idle(clock)
    idle.heard(3, b"a", 1_000)
    clock.seconds = 29 * 60.0
    assert list(idle.silent_for(30 * MINUTE_MS)) == []
    clock.seconds = 31 * 60.0
    assert list(idle.silent_for(30 * MINUTE_MS)) == [(3, b"a")]


def test_a_partition_that_catches_up_is_not_judged_by_another_ones_clock() -> None:
    idle = Idle(Clock())
    idle.heard(0, b"ahead", 10 * 60 * MINUTE_MS)
    idle.heard(1, b"behind", 0)
    assert list(idle.silent_for(30 * MINUTE_MS)) == []


def test_a_clock_that_jumps_back_moves_nothing_back() -> None:
    idle = Idle(Clock())
    idle.heard(0, b"a", 40 * MINUTE_MS)
    idle.heard(0, b"b", 0)
    assert idle.now_ms(0) == 40 * MINUTE_MS
    assert list(idle.silent_for(30 * MINUTE_MS)) == [], "b was heard just now"


def test_lost_partitions_are_forgotten() -> None:
    idle = Idle(Clock())
    idle.heard(0, b"a", 0)
    idle.heard(1, b"b", 0)
    idle.heard(0, b"later", 99 * MINUTE_MS)
    idle.heard(1, b"later", 99 * MINUTE_MS)
    idle.keep_only({1})
    assert list(idle.silent_for(MINUTE_MS)) == [(1, b"b")]
