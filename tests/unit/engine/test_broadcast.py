"""What every worker holds in full is read a record at a time: others have their turn in between."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from cxstream.engine import broadcast
from cxstream.engine.broadcast import Broadcast
from cxstream.settings import Settings


class Topic:
    """A consumer of one partition of three records, all of which come at once."""

    def __init__(self, *_: object, **__: object) -> None:
        self.records = [SimpleNamespace(value=value) for value in (b"one", b"two", b"three")]

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def assignment(self) -> set[int]:
        return {0}

    async def end_offsets(self, places: list[int]) -> dict[int, int]:
        return dict.fromkeys(places, 3)

    async def position(self, _: int) -> int:
        return 3

    async def getmany(self, **_: object) -> dict[int, list[Any]]:
        await asyncio.sleep(0)
        records, self.records = self.records, []
        return {0: records}


def test_the_loop_has_a_turn_behind_each_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "AIOKafkaConsumer", Topic)
    turns, at = 0, list[int]()

    async def scene() -> None:
        nonlocal turns
        reader = Broadcast(Settings(), "cx.playbooks", lambda _: at.append(turns))
        reading = asyncio.ensure_future(reader.run())
        while not reader.caught_up.is_set():
            await asyncio.sleep(0)
            turns += 1
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    asyncio.run(scene())
    assert at == sorted(set(at))
    assert len(at) == 3
