"""Records from the consumer to the streams' queues, at what that costs and not more.

Faust 0.15.3 (`Consumer._drain_messages`) makes four tasks for each record and waits for the first of them: the
handing over, a rebalance, a stop, a crash. That is a third of all that it spends on a record. There is nearly
always room in the queue, and then handing over never waits: so here it is begun first, and only where it does
wait it becomes a task beside the others. All records of one fetch lie in their queues before anybody looks,
which makes batches of them.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import AsyncIterator, Coroutine, Generator
from typing import Any

from faust.types import TP

YIELD_EVERY = 100
"""Records after which the event loop may see to others, as in Faust."""


class HandingOver:
    """For a Faust consumer: its background loop, which reads (`getmany`) and hands over (`callback`)."""

    async def _drain_messages(self: Any, fetcher: Any) -> None:
        try:
            since = 0
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                await self.sleep(0)
                if self.should_stop:
                    continue
                records: AsyncIterator[tuple[TP, Any]] = self.getmany(timeout=1.0)
                async for place, message in records:
                    since += 1
                    if since > YIELD_EVERY:
                        since = 0
                        await asyncio.sleep(0)
                    await self._took(place, message)
        except self.consumer_stopped_errors:
            if not self.transport.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not self.transport.app.should_stop:
                raise

    async def _took(self: Any, place: TP, message: Any) -> None:
        """Hand one record over, unless it was read before; note that offsets are missing before it."""
        offset, read = message.offset, self._read_offset[place]
        if read is not None and offset < read:
            return
        if read and offset - read > 1 and self.app.topics.acks_enabled_for(message.topic):
            await self._add_gap(place, read + 1, offset)
        if self._commit_every is not None and self._n_acked >= self._commit_every:
            self._n_acked = 0
            await self.commit()
        handing = self.callback(message)
        try:
            waits_for = handing.send(None)
        except StopIteration:
            pass
        else:
            await self.wait_first(_rest(handing, waits_for), self.suspend_flow.wait())
        self._read_offset[place] = offset


async def _rest(begun: Coroutine[Any, Any, None], waits_for: Any) -> None:
    """The rest of a coroutine that was begun, as Faust takes it for one: a generator it does not."""
    await _on(begun, waits_for)


@types.coroutine
def _on(begun: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Go on with a coroutine that was begun and waits for something."""
    try:
        while True:
            try:
                answer = yield waits_for
            except BaseException as problem:  # noqa: BLE001  it is for the coroutine to say what it means
                waits_for = begun.throw(problem)
            else:
                waits_for = begun.send(answer)
    except StopIteration:
        return
