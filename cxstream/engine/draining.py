"""The end of a worker: no more batches, the one in hand finished or handed back, never longer than was said.

Faust waits for the batch in hand, for ever if need be. And when partitions move meanwhile, since another
worker comes or goes in the same deploy, it closes the connection to Kafka under that batch: nothing can be
acknowledged any more, nothing ends, and the partitions have nobody until the session is over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import faust

_log = logging.getLogger(__name__)


class DrainingApp(faust.App):  # type: ignore[misc]
    """A Faust app that stops within `drain_s`, whatever moves meanwhile."""

    drain_s: float = 20.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.draining = asyncio.Event()
        self._drained_by: float | None = None
        super().__init__(*args, **kwargs)

    def drain_left_s(self) -> float:
        """How long work in hand may still take; all of it while nothing drains."""
        if self._drained_by is None:
            return self.drain_s
        return max(0.0, self._drained_by - time.monotonic())

    def _on_rebalance_when_stopped(self) -> None:
        """Nothing: Faust would close the connection, over which what is in hand is still to be acknowledged."""

    async def _hand_back_late(self) -> None:
        # To cancel Faust's wait is no use: it takes that for an acknowledgement and waits on.
        await asyncio.sleep(self.drain_s)
        _log.warning("work in hand was not done within %s s and is handed back", self.drain_s)
        self.consumer._unacked_messages.clear()

    async def on_stop(self) -> None:
        """Take no more batches, let Faust wait for the one in hand, then stop; never longer than `drain_s`."""
        self.draining.set()
        self._drained_by = time.monotonic() + self.drain_s
        late = asyncio.ensure_future(self._hand_back_late())
        try:
            await super().on_stop()
        finally:
            late.cancel()
