"""A breath between fetches: who waits for records is told before it, and what brought nothing needs none."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.protocol.fetch import FetchRequest

from cxstream.engine import pacing
from cxstream.engine.pacing import SELDOM_S, Thinning, pace

BUSY, QUIET = ("busy", [(0, 7, 1024), (1, 8, 1024)]), ("quiet", [(0, 9, 1024)])
REQUEST = FetchRequest(100, 1, 1024, 0, [BUSY, QUIET])


class Fetching:
    """As much of aiokafka's fetcher as is paced: what it brings, and who waits for it."""

    def __init__(self, *, brings: bool) -> None:
        self.brings = brings
        self.asked: list[Any] = []
        self.waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._fetch_waiters = {self.waiter}
        pace(self, {"quiet"})

    def begin(self) -> asyncio.Task[bool]:
        return asyncio.ensure_future(self._proc_fetch_request("assigned", 1, REQUEST))

    async def _proc_fetch_request(self, assignment: Any, node_id: int, request: Any) -> bool:
        self.asked.append((assignment, node_id, request))
        return self.brings

    def _notify(self, waiter: asyncio.Future[None]) -> None:
        waiter.set_result(None)


def test_who_waits_is_told_at_once_and_the_next_fetch_comes_a_breath_later() -> None:
    async def fetch() -> None:
        fetching = Fetching(brings=True)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        task = fetching.begin()
        await fetching.waiter
        assert not task.done()
        assert await task
        assert loop.time() - begun >= 0.9 * pacing.BREATH_S
        assert fetching.asked == [("assigned", 1, REQUEST)]

    asyncio.run(fetch())


def test_a_fetch_that_brought_nothing_needs_no_breath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "BREATH_S", 3600.0)

    async def fetch() -> None:
        fetching = Fetching(brings=False)
        assert not await fetching.begin()
        assert not fetching.waiter.done()

    asyncio.run(fetch())


def test_a_breath_ends_when_the_partitions_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiokafka cancels its fetches and awaits them when it closes: an error would leave it half closed."""
    monkeypatch.setattr(pacing, "BREATH_S", 3600.0)

    async def fetch() -> None:
        fetching = Fetching(brings=True)
        task = fetching.begin()
        await fetching.waiter
        task.cancel()
        assert await task is False

    asyncio.run(fetch())


def test_aiokafka_still_has_what_is_paced() -> None:
    assert {"_proc_fetch_request", "_notify"} <= set(dir(Fetcher))
    with pytest.raises(AttributeError):
        pace(object())


def _sent(request: FetchRequest) -> bytes:
    """The bytes that aiokafka makes of it."""
    return bytes(request.prepare({FetchRequest.API_KEY: (4, 11)}).encode())


def test_what_comes_now_and_then_is_asked_for_now_and_then() -> None:
    thinning = Thinning({"quiet"})
    assert thinning.asked(1, REQUEST, 10.0) is REQUEST
    thinned = thinning.asked(1, REQUEST, 10.0 + SELDOM_S / 2)
    assert thinned.topics == [BUSY]
    alone = FetchRequest(100, 1, 1024, 0, [BUSY])
    assert _sent(thinned) == _sent(alone) != _sent(REQUEST)
    assert REQUEST.topics == [BUSY, QUIET]
    assert thinning.asked(2, REQUEST, 10.0 + SELDOM_S / 2) is REQUEST, "another broker's"
    assert thinning.asked(1, REQUEST, 10.1 + SELDOM_S) is REQUEST


def test_nothing_is_asked_for_less_where_nothing_would_be_left() -> None:
    thinning = Thinning({"quiet"})
    quiet = FetchRequest(100, 1, 1024, 0, [QUIET])
    assert thinning.asked(1, REQUEST, 10.0) is REQUEST
    assert thinning.asked(1, quiet, 10.0) is quiet
    assert thinning.asked(1, quiet, 10.0) is quiet


def test_fetches_are_thinned_one_after_the_other() -> None:
    async def fetch() -> list[Any]:
        fetching = Fetching(brings=False)
        for _ in range(2):
            await fetching.begin()
        return [request.topics for _, _, request in fetching.asked]

    assert asyncio.run(fetch()) == [[BUSY, QUIET], [BUSY]]
