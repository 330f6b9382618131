"""A worker ends when it is told to, also before it has begun, and says why when it ends by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Never

import pytest

from cxstream import worker
from cxstream.errors import EngineError
from cxstream.settings import Settings
from cxstream.understand.lexicon import LexiconScorer


class Recovering:
    """An app whose first recovery never ends."""

    drain_s = 20.0

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.begun = asyncio.Event()
        self.crashed = asyncio.Event()
        self.stopped = False

    async def start(self) -> None:
        self.begun.set()
        await asyncio.Event().wait()

    async def gave_up(self) -> Never:
        await self.crashed.wait()
        raise EngineError("the engine gave up")

    async def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Recovering:
    made = Recovering()
    monkeypatch.setattr(worker, "front", lambda _: SimpleNamespace())
    monkeypatch.setattr(worker, "judgement", lambda _: SimpleNamespace())
    monkeypatch.setattr(worker, "working", lambda *_: made)
    monkeypatch.setattr(worker.LastResort, "within", lambda *_: None)
    return made


async def ending(app: Recovering, why: Callable[[], None]) -> None:
    """Run it, and let it end once its start has begun."""
    task = asyncio.create_task(worker.run(Settings(), LexiconScorer()))
    await app.begun.wait()
    why()
    await asyncio.wait_for(task, 10)


def test_sigterm_ends_a_worker_that_is_still_recovering(app: Recovering) -> None:
    asyncio.run(ending(app, lambda: os.kill(os.getpid(), signal.SIGTERM)))
    assert app.stopped


def test_so_does_a_crash_while_it_is_recovering(app: Recovering) -> None:
    with pytest.raises(EngineError, match="gave up"):
        asyncio.run(ending(app, app.crashed.set))
    assert app.stopped
