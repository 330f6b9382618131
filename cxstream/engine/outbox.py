"""Records out of the process: encoded once, to the right topic, delivery awaited by the caller."""

from __future__ import annotations

import asyncio

import faust
from msgspec import Struct

from cxstream.engine import codec
from cxstream.engine.codec import Cause
from cxstream.engine.topics import Topics
from cxstream.engine.watching import Sent
from cxstream.pipeline import Outbound


class Outbox:
    """Sends what the hops say; the returned future is done when the broker has the record."""

    def __init__(self, app: faust.App, topics: Topics) -> None:
        self._app = app
        self._topic_of = topics.by_role()

    async def post(self, out: Outbound, cause: Cause) -> asyncio.Future[Sent]:
        """Hand one record to the producer, keyed, with what it carries on from its cause."""
        record: Struct = out.record
        sent: asyncio.Future[Sent] = await self._app.producer.send(
            self._topic_of[out.topic],
            out.key.encode("utf-8", "replace"),
            codec.encode(record),
            None,
            None,
            codec.headers(record, out.key, cause),
        )
        return sent
