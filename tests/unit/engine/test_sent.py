"""A batch is with the broker when its last record is; a failure is told once, and by the first that failed."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from cxstream.engine.sent import delivered


def test_answers_come_in_the_order_of_the_records_whatever_the_order_of_the_answers() -> None:
    async def story() -> list[int]:
        sent = [asyncio.get_running_loop().create_future() for _ in range(4)]
        for place in (2, 0, 3, 1):
            asyncio.get_running_loop().call_soon(sent[place].set_result, place)
        return await delivered(sent)

    assert asyncio.run(story()) == [0, 1, 2, 3]
    assert asyncio.run(delivered([])) == []


def test_the_first_failure_is_raised_and_no_other_is_left_unheard() -> None:
    unheard: list[dict[str, Any]] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: unheard.append(context))
        sent: list[asyncio.Future[int]] = [loop.create_future() for _ in range(4)]
        sent[0].set_result(0)
        for place in (1, 2):
            sent[place].set_exception(OSError(f"record {place}"))
        with pytest.raises(OSError, match="record 1"):
            await delivered(sent)
        sent[3].set_exception(OSError("later still"))
        await asyncio.sleep(0)
        del sent
        gc.collect()

    asyncio.run(story())
    assert unheard == []


def test_who_stops_waiting_leaves_the_others_to_the_producer() -> None:
    async def story() -> None:
        sent = [asyncio.get_running_loop().create_future() for _ in range(2)]
        waiting = asyncio.ensure_future(delivered(sent))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not sent[1].cancelled()
        sent[1].set_result(1)

    asyncio.run(story())
