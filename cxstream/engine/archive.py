"""What the topics hold of some keys: each read once, from the partitions of those keys only, up to its end.

For questions asked now and then (a customer's journey), not for the stream. Order holds per key. What has
been deleted by retention is not there; records that cannot be read are left out.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from aiokafka.partitioner import DefaultPartitioner

from cxstream.engine import history
from cxstream.engine.topics import Topics
from cxstream.events import Output
from cxstream.settings import Settings

_decoder = msgspec.json.Decoder(Output)
_partition_of = DefaultPartitioner()


class Archive:
    """The topics of one broker, to be read back; implements `lessons.journey.Archive`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topics = Topics(settings.topic_prefix).by_role()

    async def of(self, role: str, keys: Iterable[str]) -> list[Output]:
        """The records of a topic under some keys, in order per key. Raises `EngineError`."""
        wanted = {key.encode() for key in keys}
        return [
            record for key, record in await self._read(role, wanted) if wanted and key in wanted
        ]

    async def all(self, role: str) -> list[Output]:
        """Every record of a topic, in order per key. Raises `EngineError`."""
        return [record for _, record in await self._read(role, None)]

    async def _read(self, role: str, keys: set[bytes] | None) -> list[tuple[bytes, Output]]:
        places = await history.places_of(self._settings, self._topics[role])
        if keys is not None:
            numbers = list(range(len(places)))
            wanted = {_partition_of(key, numbers, numbers) for key in keys}
            places = [place for place in places if place.partition in wanted]
        found: list[tuple[bytes, Output]] = []
        async with history.opened(self._settings) as consumer:
            async for message in history.until_now(consumer, places):
                record = history.readable(_decoder, message.value)
                if record is not None:
                    found.append((message.key or b"", record))
        return found
