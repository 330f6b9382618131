"""Behind a batch that failed nothing is worked on, and nothing that failed is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import EventT

from cxstream.engine.agent import BatchAgent, Desk, Reply
from cxstream.engine.arrivals import Arrivals
from cxstream.engine.state import Write
from cxstream.errors import StateError
from cxstream.observe.metrics import Metrics


class Worker:
    """A worker of one agent, which gets two records, one a batch."""

    def __init__(self, work: Callable[[int], Awaitable[None]]) -> None:
        self.draining = asyncio.Event()
        self.worked: list[int] = []
        self.acknowledged: list[int] = []
        self.crashed: list[BaseException] = []
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        for offset in range(2):
            self._queue.put_nowait(self._event(offset))
        self._app = SimpleNamespace(
            consumer=SimpleNamespace(_unacked_messages=set(), track_message=lambda message: None),
            consumer_generation_id=1,
            flow_control=SimpleNamespace(is_active=lambda: True),
            crash=self._crash,
            drain_left_s=lambda: 10.0,
        )
        desk: Any = SimpleNamespace(
            app=self._app,
            draining=self.draining,
            batch_max=1,
            observer=Metrics(),
            arrivals=Arrivals(),
            outbox=SimpleNamespace(send=_send_nothing),
            tracer=None,
            progress=SimpleNamespace(note_done=lambda *place: None),
        )
        self._agent = _Agent(desk, self.worked, work)

    def run(self) -> Coroutine[Any, Any, None]:
        """As Faust starts the agent, the first time or again."""
        channel = SimpleNamespace(queue=self._queue, __anext__=self._queue.get)
        stream: Any = SimpleNamespace(app=self._app, should_stop=False, channel=channel)
        return self._agent.run(stream)

    def _event(self, offset: int) -> Any:
        return _Event(_Message(offset), lambda: self.acknowledged.append(offset))

    async def _crash(self, error: BaseException) -> None:
        self.crashed.append(error)


async def _send_nothing(caused: object) -> dict[tuple[str, int], int]:
    return {}


class _Message:
    topic, partition, generation_id, timestamp, headers = "t", 0, 1, 0.0, None

    def __init__(self, offset: int) -> None:
        self.offset = offset


class _Event:
    def __init__(self, message: Any, ack: Callable[[], None]) -> None:
        self.message = message
        self.ack = ack


class _Agent(BatchAgent):
    stage = "conversations"

    def __init__(
        self, desk: Desk, worked: list[int], work: Callable[[int], Awaitable[None]]
    ) -> None:
        super().__init__(desk, "t")
        self._worked = worked
        self._does = work

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        for event in batch:
            self._worked.append(event.message.offset)
            await self._does(event.message.offset)
        return [], []


async def full(offset: int) -> None:
    if offset == 0:
        raise StateError("the disk is full")


def test_faust_starts_the_agent_anew_and_it_does_nothing() -> None:
    async def story() -> Worker:
        worker = Worker(full)
        with pytest.raises(StateError):
            await worker.run()
        await asyncio.wait_for(worker.run(), 10.0)
        return worker

    worker = asyncio.run(story())
    assert worker.worked == [0]
    assert worker.acknowledged == []
    assert [str(error) for error in worker.crashed] == ["the disk is full"]


@pytest.mark.parametrize(("fails", "acknowledged"), [(False, [0]), (True, [])])
def test_what_fails_while_the_worker_stops_is_not_acknowledged(
    fails: bool, acknowledged: list[int]
) -> None:
    async def story() -> Worker:
        began, may = asyncio.Event(), asyncio.Event()

        async def work(offset: int) -> None:
            began.set()
            await may.wait()
            if fails:
                await full(offset)

        worker = Worker(work)
        running = asyncio.ensure_future(worker.run())
        await began.wait()
        running.cancel()
        await asyncio.sleep(0)
        may.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        return worker

    assert asyncio.run(story()).acknowledged == acknowledged
