"""Micro-batches off a Faust stream: everything that is there, without waiting for more.

Faust's own `take` waits for a batch to fill, acknowledges it whatever happens, and costs some 200 µs an
event. Here a batch is what the queue holds when the last batch is done: one event at low load, up to `most`
under pressure. Nothing is acknowledged until `done` is called, in offset order.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import islice

from faust.types import EventT, StreamT


class Batches:
    """The batches of one stream, one at a time.

    A batch must be handed to `done` (it is acknowledged) or to `hand_back` (it will be delivered again).
    """

    def __init__(self, stream: StreamT, *, most: int, draining: asyncio.Event) -> None:
        self._stream = stream
        self._app = stream.app
        self._most = most
        self._draining = draining

    async def __aiter__(self) -> AsyncIterator[list[EventT]]:
        """Batches of events in the order of their offsets, until the worker drains."""
        channel = self._stream.channel
        while not (self._stream.should_stop or self._draining.is_set()):
            try:
                batch = [await channel.__anext__()]
            except StopAsyncIteration:  # Faust throws it in when the agent is to stop
                return
            queue = channel.queue
            while len(batch) < self._most and not queue.empty():
                batch.append(queue.get_nowait())
            batch = self._current(batch)
            if batch:
                yield batch

    def upcoming(self, most: int | None) -> list[EventT]:
        """The next events behind the batch in hand (None: all), left where they are."""
        return list(islice(self._stream.channel.queue._queue, most))

    def waiting(self) -> int:
        """How many events are queued behind the batch in hand."""
        size: int = self._stream.channel.queue.qsize()
        return size

    def done(self, batch: list[EventT]) -> None:
        """Acknowledge a batch: its state and outputs are safe, its offsets may be committed."""
        for event in batch:
            event.ack()

    def hand_back(self, batch: list[EventT]) -> None:
        """Let go of a batch without acknowledging it."""
        self._app.consumer._unacked_messages -= {event.message for event in batch}

    def _current(self, batch: list[EventT]) -> list[EventT]:
        """Drop what was fetched before the last rebalance: its new owner reads it from Kafka."""
        if self._draining.is_set() or not self._app.flow_control.is_active():
            return []
        generation = self._app.consumer_generation_id
        current = [event for event in batch if event.message.generation_id == generation]
        for event in current:
            self._app.consumer.track_message(event.message)
        return current
