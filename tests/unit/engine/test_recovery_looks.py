"""When a recovery takes its changelogs for read: not before reading has begun, and not by what ended before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from cxstream.engine.recovery import RewindThenRead

MARKED, OTHER = TP("conversations-changelog", 0), TP("customers-changelog", 1)


class Consumer:
    """Stands where it is told; somebody may move meanwhile."""

    def __init__(self) -> None:
        self.reading = asyncio.Lock()
        self.at: dict[TP, int] = {}
        self.meanwhile: Callable[[], None] = lambda: None

    async def position(self, place: TP) -> int:
        await asyncio.sleep(0)
        self.meanwhile()
        return self.at[place]

    async def seek_wait(self, places: dict[TP, int]) -> None:
        self.at.update(places)


def recovering() -> tuple[RewindThenRead, Consumer]:
    """A recovery of two changelogs of which one ends with an offset that is no record."""
    consumer = Consumer()
    conf = SimpleNamespace(stream_recovery_delay=0)
    app = SimpleNamespace(consumer=consumer, conf=conf, in_recovery=True)
    tables = SimpleNamespace(changelog_queue=asyncio.Queue())
    recovery = RewindThenRead(app, tables)
    recovery.active_tps |= {MARKED, OTHER}
    recovery.active_highwaters.update({MARKED: 8, OTHER: 3})
    recovery.active_offsets.update({MARKED: -1, OTHER: 3})
    recovery.in_recovery, recovery._generation_id = True, 6
    return recovery, consumer


async def place(recovery: RewindThenRead, consumer: Consumer) -> None:
    await recovery._seek_offsets(consumer, recovery.active_tps, recovery.active_offsets, "active")


async def read_all_but_the_mark(recovery: RewindThenRead, consumer: Consumer) -> None:
    """Placed, and everything was read up to the end of both."""
    await place(recovery, consumer)
    consumer.at = {MARKED: 9, OTHER: 4}
    recovery.active_offsets[MARKED] = 7


def forget(recovery: RewindThenRead) -> None:
    """As Faust does when partitions come: how far their state reaches is looked up later."""
    for tp in recovery.active_tps:
        recovery.active_offsets[tp] = None


def played(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scene())


def test_who_finds_nothing_more_at_two_looks_has_recovered() -> None:
    async def scene() -> None:
        recovery, consumer = recovering()
        await read_all_but_the_mark(recovery, consumer)
        before = await recovery._read_to_the_end({})
        assert before == {MARKED: 7}
        assert not recovery.signal_recovery_end.is_set()
        await recovery._read_to_the_end(before)
        assert recovery.signal_recovery_end.is_set()
        assert not recovery.in_recovery

    played(scene)


@pytest.mark.parametrize("generation", [None, 5])
def test_before_reading_has_begun_positions_say_nothing(generation: int | None) -> None:
    """They are those of an assignment before; offsets are not known yet, so nothing seems to be missing."""

    async def scene() -> None:
        recovery, consumer = recovering()
        recovery._placed = generation
        consumer.at = {MARKED: 9, OTHER: 4}
        forget(recovery)
        for _ in range(3):
            assert await recovery._read_to_the_end({}) == {}
        assert not recovery.signal_recovery_end.is_set()
        assert recovery.in_recovery

    played(scene)


def test_partitions_that_move_during_a_look_end_nothing() -> None:
    async def scene() -> None:
        recovery, consumer = recovering()
        await read_all_but_the_mark(recovery, consumer)
        before = await recovery._read_to_the_end({})

        def rebalance() -> None:
            recovery._generation_id = 7
            forget(recovery)

        consumer.meanwhile = rebalance
        assert await recovery._read_to_the_end(before) == {}
        assert not recovery.signal_recovery_end.is_set()
        assert recovery.in_recovery

    played(scene)


def test_the_end_of_one_recovery_is_not_that_of_the_next() -> None:
    async def scene() -> None:
        recovery, consumer = recovering()
        await read_all_but_the_mark(recovery, consumer)
        await recovery._read_to_the_end(await recovery._read_to_the_end({}))
        assert recovery.signal_recovery_end.is_set()
        recovery.in_recovery, recovery._generation_id = True, 7
        recovery.active_offsets[MARKED] = -1
        await place(recovery, consumer)
        assert not recovery.signal_recovery_end.is_set()

    played(scene)
