"""Which time counts when clocks are unset, ahead, or missing."""

from __future__ import annotations

import pytest

from cxstream.events import Control, ControlKind, Fragment, from_ms
from cxstream.listen.clock import AHEAD_MS, EARLIEST_MS, settle_time

NOW_MS = 1_795_428_000_000


def said(
    event_ms: int | None = None,
    ingest_ms: int | None = None,
    origin_ms: int | None = None,
    end_ms: int | None = None,
) -> Fragment:
    return Fragment(
        conversation_id="c",
        fragment_id="f",
        text="hello",
        event_time=None if event_ms is None else from_ms(event_ms),
        ingest_time=None if ingest_ms is None else from_ms(ingest_ms),
        clock_origin=None if origin_ms is None else from_ms(origin_ms),
        end_ms=end_ms,
    )


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        (said(event_ms=NOW_MS - 5), (NOW_MS - 5, False)),
        (said(event_ms=NOW_MS + AHEAD_MS), (NOW_MS + AHEAD_MS, False)),
        (said(event_ms=EARLIEST_MS), (EARLIEST_MS, False)),
        (said(ingest_ms=NOW_MS - 7), (NOW_MS - 7, False)),
        (said(origin_ms=NOW_MS - 9_000, end_ms=2_000, ingest_ms=NOW_MS), (NOW_MS - 7_000, False)),
        (said(), (NOW_MS, False)),
        (said(event_ms=0), (NOW_MS, True)),
        (said(event_ms=0, ingest_ms=NOW_MS - 3), (NOW_MS - 3, True)),
        (said(event_ms=NOW_MS + AHEAD_MS + 1), (NOW_MS, True)),
        (said(event_ms=NOW_MS + 10**10, ingest_ms=0), (NOW_MS, True)),
        (said(event_ms=EARLIEST_MS - 1, ingest_ms=NOW_MS + 10**9), (NOW_MS, True)),
        (said(event_ms=-62_135_596_800_000), (NOW_MS, True)),
    ],
)
def test_the_first_believable_time_counts(fragment: Fragment, expected: tuple[int, bool]) -> None:
    assert settle_time(fragment, NOW_MS) == expected


def test_an_unset_arrival_bounds_nothing() -> None:
    assert settle_time(said(event_ms=NOW_MS), -1) == (NOW_MS, False)


def test_control_events_settle_alike() -> None:
    control = Control(conversation_id="c", type=ControlKind.ENDED, event_time=from_ms(1))
    assert settle_time(control, NOW_MS) == (NOW_MS, True)
