"""Faust's consumer without a thread: its calls are made on the loop of who asks, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable

import pytest
from mode.threads import QueueServiceThread

from cxstream.engine.one_loop import OneLoop


class Service(OneLoop, QueueServiceThread):  # type: ignore[misc]
    """What Faust's consumer is to mode, and how it fares."""

    abstract = False

    def __init__(
        self, problem: Exception | None = None, at_the_end: Exception | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(loop=loop, thread_loop=loop)
        self.problem = problem
        self.at_the_end = at_the_end
        self.closed = False

    async def on_start(self) -> None:
        if self.problem is not None:
            raise self.problem

    async def on_thread_stop(self) -> None:
        await super().on_thread_stop()
        if self.at_the_end is not None:
            raise self.at_the_end
        self.closed = True


def served(scene: Callable[[Service], Awaitable[None]]) -> Service:
    """A scene with a service that runs, and is stopped behind it."""

    async def play() -> Service:
        service = Service()
        await service.start()
        try:
            await scene(service)
        finally:
            await asyncio.wait_for(service.stop(), 5)
        return service

    return asyncio.run(play())


def test_calls_are_made_on_the_loop_that_asks() -> None:
    async def scene(service: Service) -> None:
        async def later() -> tuple[int, asyncio.AbstractEventLoop]:
            return threading.get_ident(), asyncio.get_running_loop()

        threads = threading.active_count()
        here = threading.get_ident(), asyncio.get_running_loop()
        assert await service.call_thread(later) == here
        assert await service.call_thread(threading.get_ident) == here[0]
        assert threading.active_count() == threads

    assert served(scene).closed


def test_what_a_call_raises_reaches_who_asked() -> None:
    async def scene(service: Service) -> None:
        async def fails() -> None:
            raise ValueError("of the call")

        with pytest.raises(ValueError, match="of the call"):
            await service.call_thread(fails)

    served(scene)


def test_a_call_goes_on_when_who_asked_gives_up(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(service: Service) -> None:
        begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def commit() -> None:
            begun.set()
            await may_end.wait()
            ended.set()
            raise ValueError("nobody waits for this any more")

        asks = asyncio.ensure_future(service.call_thread(commit))
        await begun.wait()
        asks.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asks
        may_end.set()
        await asyncio.wait_for(ended.wait(), 5)

    served(scene)
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_with_the_service_its_calls_end_and_nobody_elses() -> None:
    async def scene() -> None:
        service = Service()
        await service.start()
        other = asyncio.ensure_future(asyncio.Event().wait())
        begun = asyncio.Event()

        async def fetch() -> None:
            begun.set()
            await asyncio.Event().wait()

        call = asyncio.ensure_future(service.call_thread(fetch))
        await begun.wait()
        await asyncio.wait_for(service.stop(), 5)
        assert call.cancelled()
        assert not other.done()
        other.cancel()
        assert not [task for task in asyncio.all_tasks() if task.get_coro().__name__ == "fetch"]  # type: ignore[union-attr]

    asyncio.run(scene())


def test_one_that_cannot_start_says_so_and_can_be_stopped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def scene() -> None:
        service = Service(ConnectionError("no broker"))
        with pytest.raises(ConnectionError, match="no broker"):
            await asyncio.wait_for(service.start(), 5)
        await asyncio.wait_for(service.stop(), 5)
        assert service.closed

    asyncio.run(scene())
    assert "no broker" in capsys.readouterr().err


def test_one_that_cannot_end_well_says_so_and_is_waited_for_no_longer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        service = Service(at_the_end=ConnectionError("no broker any more"))
        await service.start()
        call = asyncio.ensure_future(service.call_thread(asyncio.Event().wait))
        await asyncio.sleep(0)
        await asyncio.wait_for(service.stop(), 5)
        assert call.cancelled()

    asyncio.run(scene())
    assert "no broker any more" in caplog.text
