"""Which files can be replayed: the name of a format to the reader of its files.

A reader is a function from a path to records in the order in which they happened. Another format is one
file with such a function and one line here.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from cxstream.events import Transcript, to_ms
from cxstream.listen.canonical import read_canonical
from cxstream.listen.files import Reader
from cxstream.listen.star import read_star

FORMATS: dict[str, Reader] = {"canonical": read_canonical, "star": read_star}
"""The formats of `cxstream replay --format`."""


def merge_by_time(streams: Iterable[Iterable[Transcript]]) -> Iterator[Transcript]:
    """Several streams as one, by event time; at the same time the earlier stream goes first.

    Lazy: holds one record of each stream. The order within a stream is never changed: a record out of
    order stays behind the one before it, as a late arrival does, and a record without a time goes with
    the one before it.
    """
    timed = [_timed(stream, index) for index, stream in enumerate(streams)]
    for _, _, _, record in heapq.merge(*timed, key=lambda item: item[:3]):
        yield record


def _timed(stream: Iterable[Transcript], index: int) -> Iterator[tuple[int, int, int, Transcript]]:
    latest_ms = 0
    for n, record in enumerate(stream):
        when = record.event_time or record.ingest_time
        if when is not None:
            latest_ms = max(latest_ms, to_ms(when))
        yield latest_ms, index, n, record
