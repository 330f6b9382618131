"""Start reading only after the rewind, so that nothing that was queued is thrown away.

Stock Faust (0.15.3, `tables/recovery.py`) opens the stream partitions, then rewinds them to the committed
offsets, then clears its queues: what the fetcher put there in between is lost, and the commit of that
partition stands still. Here the order is: clear, rewind, open, with no fetch under way meanwhile; and a
partition without a committed offset is rewound too.
"""

from __future__ import annotations

import asyncio

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP


class RewindThenRead(Recovery):  # type: ignore[misc]
    """Faust's recovery with its last three steps in the safe order."""

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Clear the queues, seek to the committed offsets, and only then read on."""
        app, consumer = self.app, self.app.consumer
        await app.on_rebalance_complete.send()
        self._set_recovery_ended()
        # stock waits with asyncio.wait, which swallows the failure of a store
        await asyncio.gather(
            *(
                table.on_recovery_completed(
                    self.actives_for_table[table], self.standbys_for_table[table]
                )
                for table in self.tables.values()
            )
        )
        assignment = consumer.assignment()
        if app.consumer_generation_id != generation_id:
            self.log.warning("Another rebalance has begun: recovery starts over")
            return
        streams = {tp for tp in assignment if not self._is_changelog_tp(tp)}
        async with consumer.reading:
            self._clear()
            if assignment:
                await self._wait(self._rewind(streams), timeout=app.conf.broker_request_timeout)
            if app.consumer_generation_id != generation_id:
                self.log.warning("Another rebalance has begun: recovery starts over")
                return
            consumer.resume_partitions(streams)
        self.completed.set()
        consumer.resume_flow()
        await app._fetcher.maybe_start()
        self.tables.on_actives_ready()
        if not app.assignor.assigned_standbys():
            self.tables.on_standbys_ready()
        app.on_rebalance_end()

    async def _rewind(self, streams: set[TP]) -> None:
        """Back to what was committed; where nothing was, to the beginning, which stock leaves out.

        Without that a partition that was read ahead before the recovery, and never committed (a worker was
        killed during its first batch), goes on behind what was read, and that is lost.
        """
        consumer = self.app.consumer
        await consumer.perform_seek()
        never = [tp for tp in streams if not consumer._committed_offset.get(tp)]
        if never:
            await consumer.seek_wait(dict(await consumer.earliest_offsets(*never)))

    def _clear(self) -> None:
        """What lies in the streams' queues is stale; the changelog's is not: standbys already read there."""
        flow = self.app.flow_control
        if not flow.is_active():
            flow.resume()
            return
        for queue in list(flow._queues):
            if queue is not self.tables.changelog_queue:
                queue.clear()


class SafeTables(TableManager):  # type: ignore[misc]
    """Faust's table manager with `RewindThenRead`."""

    @property
    def recovery(self) -> Recovery:
        """The recovery service, made on first use as in Faust."""
        if self._recovery is None:  # type: ignore[has-type]
            self._recovery = RewindThenRead(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
