"""How long records wait is seen on our own clock, from how far their partition reaches."""

from __future__ import annotations

import pytest

from cxstream.engine.overload import Overload
from cxstream.engine.waits import Waits
from cxstream.observe.metrics import Metrics
from cxstream.pipeline import Ladder, Rung

PLACE = ("cx.transcripts", 0)
OTHER = ("cx.signals", 0)


def test_a_record_came_when_its_partition_first_reached_beyond_it() -> None:
    waits = Waits()
    waits.note(PLACE, 100, 0.0, idle=True)
    waits.note(PLACE, 200, 1.0, idle=False)
    waits.note(PLACE, 400, 2.0, idle=False)
    assert waits.waited_s(PLACE, 100, 5.0) == 5.0
    assert waits.waited_s(PLACE, 150, 5.0) == 4.5
    assert waits.waited_s(PLACE, 300, 5.0) == 3.5
    assert waits.waited_s(PLACE, 400, 5.0) == 0.0, "not there yet, as far as is known"


def test_what_was_there_at_the_start_has_waited_since() -> None:
    waits = Waits()
    assert waits.waited_s(PLACE, 5, 3.0) == 0.0
    waits.note(PLACE, 1_000, 3.0, idle=False)
    assert waits.waited_s(PLACE, 5, 7.0) == 4.0


def test_after_a_quiet_hour_the_next_record_is_new() -> None:
    waits = Waits()
    for second in range(3600):
        waits.note(PLACE, 100, float(second), idle=True)
    waits.note(PLACE, 101, 3600.0, idle=False)
    assert waits.waited_s(PLACE, 100, 3600.0) <= 1.0


def test_a_reader_who_does_not_ask_is_no_news() -> None:
    """Its buffers are full: how far the partition reaches is of the last fetch, ten seconds ago."""
    waits = Waits()
    waits.note(PLACE, 100, 0.0, idle=True)
    for second in range(1, 10):
        waits.note(PLACE, 100, float(second), idle=False)
    waits.note(PLACE, 200, 10.0, idle=False)
    assert waits.waited_s(PLACE, 100, 10.0) == 10.0


def test_a_day_of_waiting_takes_no_room() -> None:
    waits = Waits()
    for second in range(86_400):
        waits.note(PLACE, 10 * second, float(second), idle=False)
    assert len(waits._reached[PLACE]) <= 1024
    assert waits.waited_s(PLACE, 5, 86_400.0) == pytest.approx(86_400, rel=0.01)
    assert waits.waited_s(PLACE, 863_000, 86_400.0) == pytest.approx(100, abs=2)


def test_what_moved_away_is_forgotten() -> None:
    waits = Waits()
    waits.note(PLACE, 100, 0.0, idle=False)
    waits.keep_only([OTHER])
    assert waits.waited_s(PLACE, 5, 60.0) == 0.0


def test_the_waits_of_both_topics_add_up_and_are_told() -> None:
    clock, metrics = [0.0], Metrics()
    overload = Overload(Ladder(2.0, calm_s=5.0), metrics, lambda: clock[0])

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    for clock[0] in (0.0, 1.0):
        overload.look({PLACE: 10, OTHER: 10}, {PLACE: 0, OTHER: 0})
    assert value("cxstream_waiting_seconds", topic="cx.signals") == 1.0
    assert value("cxstream_overload_rung") == Rung.PARTIALS, "one second each"
    overload.shed("partials", 7)
    overload.shed("words", 0)
    assert value("cxstream_shed_total", what="partials", rung="partials") == 7
    assert value("cxstream_overload_moves_total", rung="1", way="up") == 1
    for clock[0] in (2.0, 5.0, 8.0):
        overload.look({PLACE: 10, OTHER: 10}, {})
    assert value("cxstream_waiting_seconds", topic="cx.signals") == 0.0
    assert value("cxstream_overload_rung") == Rung.NORMAL
    assert value("cxstream_overload_moves_total", rung="0", way="down") == 1
