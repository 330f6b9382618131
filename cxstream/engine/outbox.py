"""Records out of the process: encoded once, to the right topic."""

from __future__ import annotations

from collections.abc import Iterable

import faust
from faust.types import TP

from cxstream.engine import codec
from cxstream.engine.codec import Cause
from cxstream.engine.parcels import Parcels
from cxstream.engine.topics import Topics
from cxstream.pipeline import Outbound


class Outbox:
    """Sends what the hops say."""

    def __init__(self, app: faust.App, topics: Topics) -> None:
        self._app = app
        self._topic_of = topics.by_role()

    async def send(self, caused: Iterable[tuple[Outbound, Cause]]) -> dict[TP, int]:
        """Send records, keyed, each with what it carries on from its cause.

        When this returns the broker has them; by topic and partition the offset of the last.
        """
        parcels: Parcels = self._app.producer.parcels()
        for out, cause in caused:
            key = out.key.encode("utf-8", "replace")
            headers = codec.headers(out.record, out.key, cause)
            value = codec.encode(out.record)
            await parcels.put(self._topic_of[out.topic], key, value, headers=headers)
        return await parcels.sent()
