"""Records reach their streams in order, at once where there is room; a rebalance ends the wait for room."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from mode import Service

from cxstream.engine.handing_over import HandingOver

PLACE = "topic-0"


class Consumer(HandingOver):
    """The parts of Faust's consumer that the loop touches."""

    consumer_stopped_errors = (ZeroDivisionError,)
    should_stop = False
    loop = None

    def __init__(self, offsets: list[int], room: int) -> None:
        self._offsets = offsets
        self._stopped = asyncio.Event()
        self._crashed = asyncio.Event()
        self._read_offset: dict[str, int | None] = defaultdict(lambda: None)
        self._commit_every = None
        self._n_acked = 0
        self.suspend_flow = asyncio.Event()
        self.queue: asyncio.Queue[int] = asyncio.Queue(room)
        self.gaps: list[tuple[int, int]] = []
        self.tasks: list[object] = []
        self.waits = asyncio.Event()
        self.app = SimpleNamespace(topics=SimpleNamespace(acks_enabled_for=lambda _: True))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[str, Any]]:  # noqa: ASYNC109
        for offset in self._offsets:
            yield PLACE, SimpleNamespace(offset=offset, topic="topic")
        self._stopped.set()

    async def callback(self, message: Any) -> None:
        await self.queue.put(message.offset)

    async def wait_first(self, *waits: Any) -> None:
        """Faust's own: it takes what is awaitable to the letter, which a generator is not."""
        self.tasks += waits
        self.waits.set()
        await Service.wait_first(self, *waits)

    async def _add_gap(self, place: str, first: int, last: int) -> None:
        self.gaps.append((first, last))

    async def drained(self) -> None:
        await self._drain_messages(SimpleNamespace(_stopped=asyncio.Event()))

    def taken(self) -> list[int]:
        return [self.queue.get_nowait() for _ in range(self.queue.qsize())]


def test_where_there_is_room_no_task_is_made() -> None:
    async def run() -> None:
        consumer = Consumer([0, 1, 2], room=10)
        await consumer.drained()
        assert consumer.taken() == [0, 1, 2]
        assert consumer.tasks == []
        assert consumer._read_offset[PLACE] == 2

    asyncio.run(run())


def test_a_record_that_waits_for_room_gets_it() -> None:
    async def run() -> None:
        consumer = Consumer(list(range(5)), room=2)
        draining = asyncio.ensure_future(consumer.drained())
        async with asyncio.timeout(10):
            found = [await consumer.queue.get() for _ in range(5)]
        await draining
        assert found == [0, 1, 2, 3, 4]
        assert consumer.tasks

    asyncio.run(run())


def test_a_rebalance_ends_the_wait_for_room() -> None:
    async def run() -> None:
        consumer = Consumer([0, 1], room=1)
        draining = asyncio.ensure_future(consumer.drained())
        await consumer.waits.wait()
        consumer.suspend_flow.set()
        await draining
        assert consumer.taken() == [0]

    asyncio.run(run())


def test_what_was_read_is_not_handed_over_again_and_gaps_are_noted() -> None:
    async def run() -> None:
        consumer = Consumer([4, 5, 3, 9], room=10)
        await consumer.drained()
        assert consumer.taken() == [4, 5, 9]
        assert consumer.gaps == [(6, 9)]

    asyncio.run(run())


def test_what_goes_wrong_in_handing_over_is_not_hidden() -> None:
    async def run() -> None:
        consumer = Consumer([0, 1], room=1)

        async def fails(message: Any) -> None:
            await asyncio.sleep(0)
            raise RuntimeError(f"no room for {message.offset}")

        consumer.callback = fails  # type: ignore[method-assign]
        with pytest.raises(RuntimeError, match="no room for 0"):
            await consumer.drained()

    asyncio.run(run())
