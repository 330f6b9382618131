"""State is read in bulk up to where its changelog ends, and no further than that is said to be known."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from cxstream.engine.catchup import ENOUGH, catch_up
from cxstream.engine.stores import Row
from cxstream.errors import StateError

LOG = TP("cx-customers-changelog", 1)
END = 2 * ENOUGH


class Changelog:
    """A reader of a changelog in which only even offsets are left; `breaks` after so many fetches."""

    def __init__(self, breaks: int | None = None) -> None:
        self.at = 0
        self.stopped = False
        self._left = breaks

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        self.stopped = True

    def assign(self, places: list[TopicPartition]) -> None:
        assert places == [TopicPartition(*LOG)]

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.at = offset

    async def position(self, place: TopicPartition) -> int:
        return self.at

    async def getmany(self, *places: TopicPartition, **limits: int) -> dict[Any, list[Any]]:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise KafkaConnectionError("gone")
        found = [
            SimpleNamespace(offset=o, key=b"%d" % o, value=b"x", timestamp=o)
            for o in range(self.at, self.at + 400)
            if o % 2 == 0
        ]
        self.at += 400  # also past what is there already, and past the end as it was
        return {places[0]: found}


class Store:
    """Keeps what is written."""

    def __init__(self, full: bool = False) -> None:
        self.rows: list[Row] = []
        self.reached = -1
        self._full = full

    def write(self, partition: int, rows: list[Row], offset: int) -> None:
        if self._full:
            raise StateError("no room")
        assert partition == LOG.partition
        self.rows += rows
        self.reached = offset


def run(reader: Changelog, store: Any, known: dict[TP, int], last: int = END) -> None:
    asyncio.run(catch_up(lambda: reader, {LOG: store}, known, {LOG: last}))


def test_everything_behind_what_is_known_is_read() -> None:
    reader, store, known = Changelog(), Store(), {LOG: 99}
    run(reader, store, known)
    assert [row.heard_ms for row in store.rows[:3]] == [100, 102, 104]
    assert store.rows[-1].heard_ms >= END - 1
    assert known == {LOG: END}, "what came since is the live path's"
    assert reader.stopped


def test_a_little_is_left_to_faust() -> None:
    reader, store, known = Changelog(), Store(), {LOG: END - ENOUGH + 1}
    run(reader, store, known)
    assert (store.rows, known, reader.stopped) == ([], {LOG: END - ENOUGH + 1}, False)


def test_when_kafka_fails_what_was_read_counts_and_no_more() -> None:
    reader, store, known = Changelog(breaks=1), Store(), {LOG: -1}
    run(reader, store, known)
    assert store.reached == 398
    assert known == {LOG: 399}
    assert reader.stopped


def test_a_store_that_cannot_take_its_rows_ends_the_recovery() -> None:
    reader, known = Changelog(), {LOG: -1}
    with pytest.raises(StateError):
        run(reader, Store(full=True), known)
    assert known == {LOG: -1}
    assert reader.stopped
