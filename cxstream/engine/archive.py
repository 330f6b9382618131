"""What the topics hold of some keys: each read once, from the partitions of those keys only, up to its end.

For questions asked now and then (a customer's journey), not for the stream. Order holds per key. What has
been deleted by retention is not there; records that cannot be read are left out.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.errors import EngineError
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
        name = self._topics[role]
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.brokers,
            enable_auto_commit=False,
            fetch_max_wait_ms=100,
            **Security.of(self._settings).for_aiokafka(),
        )
        with reaching(self._settings.brokers):
            await consumer.start()
            try:
                if name not in await consumer.topics():
                    raise EngineError(
                        f"no topic {name}; `cxstream topics create` makes what is missing"
                    )
                # the list of topics is not kept by the client: it has to be asked about this one
                count = sorted(await consumer._client._wait_on_metadata(name))
                chosen = count if keys is None else {_partition_of(k, count, count) for k in keys}
                return await _until_end(consumer, [TopicPartition(name, p) for p in sorted(chosen)])
            finally:
                await consumer.stop()


async def _until_end(
    consumer: AIOKafkaConsumer, places: list[TopicPartition]
) -> list[tuple[bytes, Output]]:
    found: list[tuple[bytes, Output]] = []
    if not places:
        return found
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    ends = await consumer.end_offsets(places)
    while any([await consumer.position(place) < ends[place] for place in places]):
        for messages in (await consumer.getmany(timeout_ms=200, max_records=2_000)).values():
            for message in messages:
                record = _read_one(message.value)
                if record is not None:
                    found.append((message.key or b"", record))
    return found


def _read_one(value: bytes | None) -> Output | None:
    try:
        return None if value is None else _decoder.decode(value)
    except (msgspec.MsgspecError, ValueError):
        return None
