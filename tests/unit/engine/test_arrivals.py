"""One producer's clock that runs ahead must not end everybody's conversations."""

from __future__ import annotations

from cxstream.engine.arrivals import AHEAD_MS, Arrivals
from cxstream.engine.clocks import Clocks

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
    clocks = Clocks(None, "cx.transcripts", lambda: 0.0)
    clocks.arrived(0, arrivals.ms(NOW_S))
    clocks.arrived(0, arrivals.ms(NOW_S + DAY_MS / 1000))
    assert clocks.now_ms(0) == NOW_MS
