"""Faust's consumer on the worker's own loop; Faust gives it a thread.

Faust does so for heartbeats to go on while an agent holds the loop up. Here nobody may hold it for long: models
have threads of their own, the rest takes breaths, and how late the loop is, is measured (`looplag`). And of a
worker whose loop hangs heartbeats should end, for its partitions to go to one that works.

What the thread cost: each round of fetching went there and back, which wakes another processor twice, and three
threads instead of two wanted the interpreter (docs/decisions/021-one-loop.md).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from mode import Service
from mode.utils.futures import maybe_async

END_S: Final = 5.0
"""How long who stops the service waits for the last of its task, which comes behind its shutdown."""

_log = logging.getLogger(__name__)


class Served:
    """What mode takes for the thread of a service: a task that serves it."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the service itself tells when it has started, or could not."""
        self._serving = asyncio.ensure_future(self._serve())

    def stop(self) -> None:
        """Nothing: who stops the service waits (`ended`)."""

    async def ended(self) -> None:
        """Wait until it serves no more; not where it is the one who asks."""
        if self._serving is not None and self._serving is not asyncio.current_task():
            await asyncio.wait((self._serving,), timeout=END_S)

    async def _serve(self) -> None:
        try:
            await self._service._serve()
        except Exception:  # noqa: BLE001  a thread would print it and be gone
            _log.exception("%s ended", self._service.label)
            await self._service._gather_remaining_tasks()
        finally:
            self._service.set_shutdown()  # or who stops it would wait in vain


class OneLoop:
    """For a `mode.threads.QueueServiceThread` whose `thread_loop` is the loop of who calls it."""

    Worker = Served
    _thread: Served | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._calls = set[asyncio.Future[Any]]()
        super().__init__(*args, **kwargs)

    async def stop(self) -> None:
        """Stop, and wait until nothing of it is left."""
        await super().stop()  # type: ignore[misc]
        if self._thread is not None:
            await self._thread.ended()

    async def on_thread_started(self) -> None:
        """Nothing: a thread has a queue of calls, which are made at once here."""

    async def call_thread(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make a call, and wait for it; as with a thread it goes on when who waits gives up."""
        going_on = asyncio.ensure_future(maybe_async(call(*args, **kwargs)))
        self._calls.add(going_on)
        going_on.add_done_callback(self._ended)
        return await asyncio.shield(going_on)

    async def _gather_remaining_tasks(self) -> None:
        """End the calls that go on: a thread would end all that its loop does, but this one is not ours."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _keepalive2(self) -> None:
        """Nothing: there is no thread that could stand still."""

    @Service.task  # type: ignore[untyped-decorator]
    async def _thread_keepalive(self) -> None:
        """Nothing: this loop has enough to do to stay awake."""

    def _ended(self, call: asyncio.Future[Any]) -> None:
        self._calls.discard(call)
        if not call.cancelled():
            call.exception()  # seen: perhaps nobody waits any more
