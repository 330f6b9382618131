"""Everything that comes out of the topics, in order per key, for replays, demos and tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Never

from aiokafka import AIOKafkaConsumer

from cxstream.engine.watching import Progress
from cxstream.errors import EngineError

Take = Callable[[str, bytes | None, bytes], None]


class Collector:
    """Reads with a consumer that has no group and begins at the earliest offset.

    `take(topic, key, value)` sees every record, in order within a partition.
    """

    def __init__(self, consumer: AIOKafkaConsumer, topics: list[str], take: Take) -> None:
        self._consumer = consumer
        self._topics = topics
        self._take = take
        self._task: asyncio.Task[None] | None = None
        self._progress = Progress()

    async def start(self) -> None:
        """Begin to read."""
        self._task = asyncio.create_task(self._read())

    async def until(self, sent: Progress) -> None:
        """Wait until everything that was sent to these topics was taken."""
        ends = {p: end for p, end in sent.sent.items() if p[0] in self._topics}
        await self._progress.until(
            lambda p: all(p.done.get(place, 0) >= end for place, end in ends.items())
        )

    async def gave_up(self) -> Never:
        """Wait for as long as it reads. Raises what went wrong while reading."""
        if self._task is None:
            raise EngineError("the collector was not started")
        await asyncio.shield(self._task)
        raise EngineError("the collector stopped reading")

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            batches = await self._consumer.getmany(timeout_ms=200, max_records=500)
            for place, messages in batches.items():
                for message in messages:
                    self._take(message.topic, message.key, message.value)
                    self._progress.note_done(place.topic, place.partition, message.offset)
