"""Keys of partitions that come here are given out once, in parts."""

from __future__ import annotations

from collections.abc import Iterator

from cxstream.engine.idle import Idle
from cxstream.engine.returning import AT_ONCE, Returning

MINUTE_MS = 60_000


def entries() -> Iterator[tuple[int, bytes, bytes]]:
    return ((number % 2, b"%d" % number, b"") for number in range(4 * AT_ONCE))


def test_each_key_of_what_is_held_comes_once_and_not_all_at_a_time() -> None:
    returning = Returning()
    parts = [list(returning.some(frozenset({1}), entries)) for _ in range(4)]
    assert [len(part) for part in parts] == [AT_ONCE, AT_ONCE, 0, 0]
    assert {partition for part in parts for partition, _ in part} == {1}
    assert len({key for part in parts for _, key in part}) == 2 * AT_ONCE


def test_when_other_partitions_are_held_it_begins_anew() -> None:
    returning = Returning()
    list(returning.some(frozenset({1}), entries))
    assert next(returning.some(frozenset({0, 1}), entries)) == (0, b"0")
    assert list(returning.some(frozenset(), entries)) == []


def test_silence_that_began_elsewhere_counts_from_now() -> None:
    idle = Idle(lambda: 0.0)
    idle.heard(0, b"talks", 40 * MINUTE_MS)
    idle.remember(0, b"talks", 20 * MINUTE_MS)
    idle.remember(0, b"silent", 40 * MINUTE_MS)
    idle.heard(0, b"talks", 71 * MINUTE_MS)
    assert list(idle.silent_for(30 * MINUTE_MS)) == [(0, b"silent")]
