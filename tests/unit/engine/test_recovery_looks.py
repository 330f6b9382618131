"""When a recovery takes its changelogs for read: not before reading has begun, nor while partitions move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from faust.tables.recovery import RebalanceAgain, ServiceStopped
from faust.types import TP

from cxstream.engine.recovery import RewindThenRead
from cxstream.errors import EngineError

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

    def assignment(self) -> set[TP]:
        return {MARKED, OTHER}


def recovering() -> tuple[RewindThenRead, Consumer]:
    """A recovery of two changelogs of which one ends with an offset that is no record."""
    consumer = Consumer()
    conf = SimpleNamespace(stream_recovery_delay=0)
    told = SimpleNamespace(send=lambda: asyncio.sleep(0))
    app = SimpleNamespace(
        consumer=consumer,
        conf=conf,
        in_recovery=True,
        consumer_generation_id=6,
        on_rebalance_complete=told,
    )
    tables = SimpleNamespace(changelog_queue=asyncio.Queue(), values=list)
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


async def look_on(recovery: RewindThenRead) -> None:
    """However often it looks, it goes on recovering."""
    for _ in range(3):
        await recovery._look()
    assert not recovery.signal_recovery_end.is_set()
    assert recovery.in_recovery


def test_who_finds_nothing_more_at_two_looks_has_recovered() -> None:
    async def scene() -> None:
        recovery, consumer = recovering()
        await read_all_but_the_mark(recovery, consumer)
        await recovery._look()
        assert not recovery.signal_recovery_end.is_set()
        await recovery._look()
        assert recovery.signal_recovery_end.is_set()
        assert not recovery.in_recovery
        assert recovery.active_offsets[MARKED] == 8

    asyncio.run(scene())


@pytest.mark.parametrize("generation", [None, 5])
def test_before_reading_has_begun_positions_say_nothing(generation: int | None) -> None:
    """They are those of an assignment before; offsets are not known yet, so nothing seems to be missing."""

    async def scene() -> None:
        recovery, consumer = recovering()
        recovery._placed = generation
        consumer.at = {MARKED: 9, OTHER: 4}
        forget(recovery)
        await look_on(recovery)

    asyncio.run(scene())


def test_partitions_that_move_during_a_look_end_nothing() -> None:
    async def scene() -> None:
        recovery, consumer = recovering()
        await read_all_but_the_mark(recovery, consumer)
        await recovery._look()

        def rebalance() -> None:
            recovery._generation_id = 7
            forget(recovery)

        consumer.meanwhile = rebalance
        await look_on(recovery)

    asyncio.run(scene())


def test_once_partitions_are_revoked_what_is_missing_in_the_queue_was_not_read() -> None:
    """Faust empties it; the position stands behind what was in it, and the generation is yet the old one."""

    async def scene() -> None:
        recovery, consumer = recovering()
        await read_all_but_the_mark(recovery, consumer)
        await recovery._look()
        recovery.on_partitions_revoked({OTHER})
        await look_on(recovery)
        assert recovery.active_offsets[MARKED] == 7

    asyncio.run(scene())


def test_a_recovery_that_goes_on_meanwhile_ends_nothing_either() -> None:
    """It finds its places after the revocation, and would go on with partitions that others may have by now."""

    async def scene() -> None:
        recovery, consumer = recovering()
        recovery.on_partitions_revoked({OTHER})
        await read_all_but_the_mark(recovery, consumer)
        await look_on(recovery)
        await recovery.on_recovery_completed(6)
        assert not recovery.completed.is_set()

    asyncio.run(scene())


def test_the_end_of_one_recovery_is_not_that_of_the_next() -> None:
    async def scene() -> None:
        recovery, consumer = recovering()
        await read_all_but_the_mark(recovery, consumer)
        await recovery._look()
        await recovery._look()
        assert recovery.signal_recovery_end.is_set()
        recovery.in_recovery, recovery._generation_id = True, 7
        recovery.active_offsets[MARKED] = -1
        await place(recovery, consumer)
        assert not recovery.signal_recovery_end.is_set()
        assert not recovery._stood

    asyncio.run(scene())


def test_a_wait_whose_time_is_over_ends_the_worker_and_says_why() -> None:
    async def scene() -> None:
        recovery, _ = recovering()
        with pytest.raises(EngineError, match="Kafka did not answer"):
            await recovery._wait(asyncio.Event().wait(), timeout=0.01)

    asyncio.run(scene())


def test_an_answer_that_comes_behind_the_time_is_taken() -> None:
    """As where the process was stopped until the time was over."""

    async def scene() -> None:
        recovery, _ = recovering()
        answered = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, answered.set)
        await recovery._wait(answered.wait(), timeout=0.04)

    asyncio.run(scene())


def test_reading_in_bulk_takes_as_long_as_it_takes() -> None:
    async def scene() -> None:
        recovery, _ = recovering()
        read = asyncio.Event()
        recovery._in_bulk = True
        asyncio.get_running_loop().call_later(0.1, read.set)
        await recovery._wait(read.wait(), timeout=0.01)

    asyncio.run(scene())


def test_a_wait_ends_when_the_service_stops_or_partitions_move() -> None:
    async def scene() -> None:
        recovery, _ = recovering()
        stood = asyncio.ensure_future(asyncio.Event().wait())
        recovery.signal_recovery_start.set()
        with pytest.raises(RebalanceAgain):
            await recovery._wait(stood, timeout=5)
        await asyncio.wait((stood,), timeout=5)
        assert stood.cancelled()
        recovery.signal_recovery_start.clear()
        recovery._stopped.set()
        with pytest.raises(ServiceStopped):
            await recovery._wait(asyncio.Event().wait(), timeout=5)

    asyncio.run(scene())
