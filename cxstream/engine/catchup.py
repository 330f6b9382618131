"""State from its changelog in bulk: what is missing is read by a consumer of its own, a thousand rows a write.

Faust's recovery takes one record at a time through its queues, and looks at every partition after each: some
ten times as dear, which a million customers notice. It still has the last word: what is left it reads itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from functools import partial

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from cxstream.engine.security import Security
from cxstream.engine.stores import Row, Rows
from cxstream.settings import Settings

ENOUGH = 500
"""Fewer records than that are not worth a connection of their own."""

_AT_ONCE = 2000
"""Records of one write: the event loop sees to others in between."""

_log = logging.getLogger(__name__)

BulkReader = Callable[[], AIOKafkaConsumer]
"""Makes a consumer without a group; not started."""


def bulk_reader(settings: Settings) -> BulkReader:
    """A reader of changelogs on the brokers of the settings."""
    return partial(
        AIOKafkaConsumer,
        bootstrap_servers=settings.brokers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_bytes=8 * 1024 * 1024,
        **Security.of(settings).for_aiokafka(),
    )


async def catch_up(
    consumer: BulkReader,
    stores: Mapping[TP, Rows],
    known: MutableMapping[TP, int],
    last: Mapping[TP, int],
) -> None:
    """Read each changelog partition behind the offset that is `known` up to the `last`, into its store.

    `known` moves with what is kept, so that whoever is cancelled has lost nothing, and where Kafka fails Faust
    goes on from there. Raises `StateError` when a store cannot take its rows.
    """
    missing = {tp: last[tp] - known[tp] for tp in stores if last.get(tp, -1) > known[tp]}
    if sum(missing.values()) < ENOUGH:
        return
    began, before = time.monotonic(), sum(known[tp] for tp in missing)
    try:
        await _read(consumer(), {tp: stores[tp] for tp in missing}, known, last)
    except KafkaError as error:
        _log.warning("state is not read in bulk any further, but one by one: %s", error)
    read, seconds = sum(known[tp] for tp in missing) - before, time.monotonic() - began
    _log.info("state: %s offsets of %s changelogs in %.1f s", read, len(missing), seconds)


async def _read(
    reader: AIOKafkaConsumer,
    stores: Mapping[TP, Rows],
    known: MutableMapping[TP, int],
    last: Mapping[TP, int],
) -> None:
    await reader.start()
    try:
        left = {TopicPartition(tp.topic, tp.partition): tp for tp in stores}
        reader.assign(list(left))
        for place, tp in left.items():
            reader.seek(place, known[tp] + 1)
        while left:
            batches = await reader.getmany(*left, timeout_ms=500, max_records=_AT_ONCE)
            for place, messages in batches.items():
                rows = [Row(m.key, m.value, m.timestamp) for m in messages]
                stores[left[place]].write(place.partition, rows, messages[-1].offset)
            for place, tp in list(left.items()):
                # compaction leaves holes: where the reader stands counts, not what it has seen
                known[tp] = max(known[tp], min(await reader.position(place) - 1, last[tp]))
                if known[tp] >= last[tp]:
                    del left[place]
    finally:
        await reader.stop()
