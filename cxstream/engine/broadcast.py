"""A compacted topic that every worker holds in full: read from the beginning, by no group, while it runs.

For what all of them must know and none of them owns: learnt propensities. A record that cannot be read is
left out with a warning; the newest that could be read holds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer

from cxstream.engine.security import Security
from cxstream.errors import RecordError
from cxstream.settings import Settings

_log = logging.getLogger(__name__)
Take = Callable[[bytes], None]


class Broadcast:
    """Reads one topic; `caught_up` is set once everything that was there at the start has been taken."""

    def __init__(self, settings: Settings, topic: str, take: Take) -> None:
        self._settings = settings
        self._topic = topic
        self._take = take
        self.caught_up = asyncio.Event()

    async def run(self) -> None:
        """Read until cancelled."""
        consumer = AIOKafkaConsumer(
            self._topic,
            bootstrap_servers=self._settings.brokers,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=200,
            **Security.of(self._settings).for_aiokafka(),
        )
        await consumer.start()
        try:
            ends = await consumer.end_offsets(list(consumer.assignment()))
            while True:
                read = await consumer.getmany(timeout_ms=200)
                for messages in read.values():
                    for message in messages:
                        self._one(message.value)
                        # a playbook takes a third of a second: heartbeats must go on
                        await asyncio.sleep(0)
                if not self.caught_up.is_set():
                    places = [(await consumer.position(p)) >= end for p, end in ends.items()]
                    if all(places):
                        self.caught_up.set()
        finally:
            await consumer.stop()

    def _one(self, value: bytes | None) -> None:
        if value is None:
            return
        try:
            self._take(value)
        except RecordError as error:
            _log.warning("%s: a record was left out: %s", self._topic, error)
