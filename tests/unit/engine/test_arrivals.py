"""One producer's clock that runs ahead must not end everybody's conversations."""

from __future__ import annotations

from cxstream.engine.arrivals import AHEAD_MS, Arrivals
from cxstream.engine.idle import Idle

NOW_S = 1_795_000_000.0
NOW_MS = int(NOW_S * 1000)
DAY_MS = 86_400_000


def test_a_stamp_that_cannot_be_is_now() -> None:
    arrivals = Arrivals(lambda: NOW_S)
    assert arrivals.ms((NOW_MS - DAY_MS) / 1000) == NOW_MS - DAY_MS, "late is late"
    assert arrivals.ms((NOW_MS + AHEAD_MS) / 1000) == NOW_MS + AHEAD_MS
    assert arrivals.ms((NOW_MS + DAY_MS) / 1000) == NOW_MS


def test_a_replay_has_the_recordings_clock() -> None:
    assert Arrivals().ms((NOW_MS + DAY_MS) / 1000) == NOW_MS + DAY_MS


def test_nobody_falls_silent_because_somebody_is_a_day_ahead() -> None:
    arrivals = Arrivals(lambda: NOW_S)
    idle = Idle(lambda: 0.0)
    idle.heard(0, b"everybody", arrivals.ms(NOW_S))
    idle.heard(0, b"ahead", arrivals.ms(NOW_S + DAY_MS / 1000))
    assert list(idle.silent_for(30 * 60_000)) == []
