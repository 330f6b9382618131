"""Start reading only after the rewind, so that nothing that was queued is thrown away.

Stock Faust (0.15.3, `tables/recovery.py`) opens the stream partitions, then rewinds them to the committed
offsets, then clears its queues: what the fetcher put there in between is lost, and the commit of that
partition stands still. Here the order is: clear, rewind, open, with no fetch under way meanwhile; and a
partition without a committed offset is rewound too.

And stock waits for the last offset of a changelog, for ever where no record has it: compaction took it, or it
is the mark of a transaction. Here who has read up to the end, and finds nothing more, has recovered. And state
that is far behind its changelog is read in bulk (see `catchup`).

And stock takes a wait whose time is over for a stop: it never recovers again, and says nothing. Here it tries
once more, and then the worker ends.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Final

from aiokafka.errors import IllegalStateError
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery, ServiceStopped
from faust.types import TP
from mode import Service

from cxstream.engine.catchup import catch_up
from cxstream.errors import EngineError

_LOOK_S: Final = 0.5
_TRIES: Final = 2
"""Who was stopped (SIGSTOP) finds that the time is over before it has seen the answer."""


class RewindThenRead(Recovery):  # type: ignore[misc]
    """Faust's recovery with its last three steps in the safe order, and an end where nothing more comes."""

    _placed: int | None = None
    """The generation whose changelogs are read from where its state ends; until then positions say nothing."""

    _moving = False
    """Partitions go and come: what was queued is gone, though positions stand behind it."""

    _in_bulk = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._stood: dict[TP, int] = {}
        super().__init__(*args, **kwargs)

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Take no end for the end any more; Faust clears the queues next, without a wait in between."""
        self._placed, self._moving = None, True
        super().on_partitions_revoked(revoked)

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Begin anew, unless partitions are moving again already."""
        self._placed = None
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)
        self._moving = generation_id != self.app.consumer_generation_id

    async def _wait(self, coro: Any, timeout: float | None = None) -> None:  # noqa: ASYNC109  Faust's signature
        """As Faust's, but raises `EngineError` when time is over; reading in bulk takes what it takes."""
        going_on, left = asyncio.ensure_future(coro), _TRIES
        try:
            while True:
                try:
                    await super()._wait(asyncio.shield(going_on), timeout)
                except ServiceStopped:
                    if self.should_stop:
                        raise
                else:
                    return
                left -= not self._in_bulk
                if left <= 0:
                    raise EngineError(
                        f"Kafka did not answer a recovery within {timeout:.0f} s; started again, the worker"
                        " goes on where it was: see whether the brokers are up"
                    )
        finally:
            going_on.cancel()

    async def _build_offsets(
        self, consumer: Any, tps: set[TP], destination: Counter[TP], title: str
    ) -> None:
        """Where reading begins; before that, what can be read in bulk is."""
        await super()._build_offsets(consumer, tps, destination, title)
        if title != "active":
            return
        stores = {tp: self.tp_to_table[tp].data for tp in tps}
        self._in_bulk = True
        try:
            await catch_up(self.app.bulk_reader, stores, destination, self.active_highwaters)
        finally:
            self._in_bulk = False

    async def _seek_offsets(
        self, consumer: Any, tps: set[TP], offsets: Counter[TP], title: str
    ) -> None:
        """Go to where reading begins. What was told of the end of another recovery is none of this one."""
        self._stood = {}
        self.signal_recovery_end.clear()
        await super()._seek_offsets(consumer, tps, offsets, title)
        if title == "active" and not (self._moving or self.signal_recovery_start.is_set()):
            self._placed = self._generation_id

    @Service.task  # type: ignore[untyped-decorator]
    async def _see_the_end(self) -> None:
        """Look now and then whether everything was read that is there."""
        while not self.should_stop:
            await self.sleep(_LOOK_S)
            await self._look()

    async def _look(self) -> None:
        try:
            self._stood = await self._read_to_the_end() if self._reads() else {}
        except IllegalStateError:  # partitions are moving
            self._stood = {}

    async def _read_to_the_end(self) -> dict[TP, int]:
        """Partitions read up to the end whose last record came earlier, with its offset.

        Those that stood there at the last look already have recovered: what was fetched is handed over under
        `reading`, and has been applied by now. Partitions may begin to move at each wait.
        """
        consumer, high, offsets = self.app.consumer, self.active_highwaters, self.active_offsets
        standing: dict[TP, int] = {}
        async with consumer.reading:
            behind = (
                [tp for tp in self.active_tps if high[tp] > offsets[tp]] if self._reads() else []
            )
            for place in behind:
                if (await consumer.position(place) or 0) > high[place]:
                    standing[place] = offsets[place]
        if not (self._reads() and self.tables.changelog_queue.empty()):
            return {}
        for place, offset in standing.items():
            if self._stood.get(place) == offset == offsets[place]:
                self.log.info("%s-%s ends without a record", place.topic, place.partition)
                offsets[place] = high[place]
        if standing and not self.need_recovery():
            self.flush_buffers()
            self._set_recovery_ended()
            self.signal_recovery_end.set()
        return standing

    def _reads(self) -> bool:
        """Whether changelogs are being read, of the partitions that are held now."""
        return bool(self.in_recovery and self._placed == self._generation_id)

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
        if self._overtaken(generation_id):
            return
        streams = {tp for tp in assignment if not self._is_changelog_tp(tp)}
        async with consumer.reading:
            self._clear()
            if assignment:
                await self._wait(self._rewind(streams), timeout=app.conf.broker_request_timeout)
            if self._overtaken(generation_id):
                return
            consumer.resume_partitions(streams)
        self.completed.set()
        consumer.resume_flow()
        await app._fetcher.maybe_start()
        self.tables.on_actives_ready()
        if not app.assignor.assigned_standbys():
            self.tables.on_standbys_ready()
        app.on_rebalance_end()

    def _overtaken(self, generation_id: int) -> bool:
        """Whether partitions move again, or have moved, since a recovery began."""
        overtaken = self._moving or self.app.consumer_generation_id != generation_id
        if overtaken:
            self.log.warning("Another rebalance has begun: recovery starts over")
        return bool(overtaken)

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
    """Faust's table manager with `RewindThenRead`, and without the second that it waits for agents to start.

    Ours have started by then (the conductor waits for them), and a restart is as long as its waits.
    """

    async def on_start(self) -> None:
        """Register the tables, and begin to recover them."""
        await self._update_channels()
        await self.recovery.start()

    @property
    def recovery(self) -> Recovery:
        """The recovery service, made on first use as in Faust."""
        if self._recovery is None:  # type: ignore[has-type]
            self._recovery = RewindThenRead(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
