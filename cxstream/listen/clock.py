"""Which time counts for a record: when it was said, unless that clock is plainly wrong."""

from __future__ import annotations

from cxstream.events import Control, Fragment, to_ms

EARLIEST_MS = 946_684_800_000
"""2000-01-01T00:00:00Z. A time before it comes from a clock that was never set."""

AHEAD_MS = 600_000
"""Ten minutes: how far a producer's clock may run ahead of ours before it is not believed."""


def settle_time(record: Fragment | Control, arrival_ms: int) -> tuple[int, bool]:
    """The event time to use, in epoch milliseconds, and whether a wrong clock was corrected.

    The first believable one of `event_time`, the end of the media clock counted from `clock_origin`,
    `ingest_time`; else the arrival. Believable: not before 2000 and not more than ten minutes after
    `arrival_ms` (the time of the Kafka message; where that is unset itself, only the first test holds).
    A record without any time takes the arrival, and that is no correction.
    """
    latest_ms = arrival_ms + AHEAD_MS if arrival_ms >= EARLIEST_MS else None
    corrected = False
    for ms in _times_ms(record):
        if ms is None:
            continue
        if ms >= EARLIEST_MS and (latest_ms is None or ms <= latest_ms):
            return ms, corrected
        corrected = True
    return arrival_ms, corrected


def _times_ms(record: Fragment | Control) -> tuple[int | None, int | None, int | None]:
    said = None if record.event_time is None else to_ms(record.event_time)
    ingested = None if record.ingest_time is None else to_ms(record.ingest_time)
    media = None
    if isinstance(record, Fragment) and record.clock_origin is not None:
        end_ms = record.end_ms if record.end_ms is not None else record.start_ms
        media = None if end_ms is None else to_ms(record.clock_origin) + end_ms
    return said, media, ingested
