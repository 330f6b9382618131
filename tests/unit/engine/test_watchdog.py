"""A process whose work comes to nothing is found out; one that is idle, slow or far behind is left alone."""

from __future__ import annotations

from cxstream.engine.watchdog import Watchdog

PLACE = ("cx.transcripts", 2)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def look(watchdog: Watchdog, done: int, committed: int) -> str | None:
    return watchdog.look({PLACE: done}, {PLACE: committed}, {})


def test_a_commit_that_stands_still_while_work_is_done() -> None:
    clock = Clock()
    watchdog = Watchdog(60.0, clock)
    assert look(watchdog, 10, 5) is None
    clock.now = 60.0
    assert look(watchdog, 20, 5) is None
    clock.now = 61.0
    said = look(watchdog, 30, 5)
    assert said == "cx.transcripts-2 is handled up to 30, but its commit has stood at 5 for 61 s"


def test_a_commit_that_moves_however_far_behind() -> None:
    clock = Clock()
    watchdog = Watchdog(60.0, clock)
    for clock.now in range(0, 600, 50):
        assert look(watchdog, 10_000, int(clock.now)) is None


def test_an_idle_partition() -> None:
    clock = Clock()
    watchdog = Watchdog(60.0, clock)
    for clock.now in (0.0, 1000.0):
        assert look(watchdog, 10, 10) is None


def test_a_partition_that_moved_begins_anew() -> None:
    clock = Clock()
    watchdog = Watchdog(60.0, clock)
    look(watchdog, 10, 5)
    clock.now = 100.0
    watchdog.rest()
    assert look(watchdog, 10, 5) is None


def test_a_batch_that_is_never_done() -> None:
    clock = Clock()
    watchdog = Watchdog(60.0, clock)
    clock.now = 61.0
    assert watchdog.look({}, {}, {"customers": 1.0}) is None
    clock.now = 62.0
    assert watchdog.look({}, {}, {"customers": 1.0}) == (
        "customers has been working on one batch for 61 s"
    )
