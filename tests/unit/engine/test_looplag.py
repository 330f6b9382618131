"""The lag of the loop is what somebody held it up."""

from __future__ import annotations

import asyncio
import time

import pytest

from cxstream.engine import looplag


def test_who_holds_up_the_loop_is_seen() -> None:
    told: list[float] = []

    async def story() -> None:
        enough = asyncio.Event()

        def tell(seconds: float) -> None:
            told.append(seconds)
            if seconds > 0.04:
                enough.set()

        watching = asyncio.ensure_future(looplag.watch(tell, every_s=0.001))
        await asyncio.sleep(0)
        until = time.perf_counter() + 0.05
        while time.perf_counter() < until:  # hold it up
            pass
        await enough.wait()
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching

    asyncio.run(asyncio.wait_for(story(), 30))
    assert max(told) > 0.04
    assert min(told) >= 0
