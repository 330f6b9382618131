"""Faust's connection to Kafka: a wait made short, a race closed, costs saved, and a fence for zombies.

*Wait.* Faust asks a broker to hold an empty fetch for 1.5 s. The embedded broker holds it even when data comes.
Apache Kafka answers at once, and aiokafka would ask again at once (see `pacing`).

*Race.* Faust lets a fetch go on while a recovery rewinds. Worse, the fetch is given the very set of
partitions that the recovery empties, and aiokafka takes an empty set for "all": what it fetches then is
thrown away, and the position stands behind it. Here nobody fetches while somebody rewinds (`reading`).

*Cost.* Faust makes four tasks to hand over a record, so that it could give up waiting for room in a stream's
queue. Here it makes them when a record does have to wait (see `handing_over`; and `to_stream`, `parcels`). Its
consumer has a thread of its own; here it has none (see `one_loop`).

*Fence.* No produce request leaves without a `Lease`. And the producer is idempotent: a request that is sent
again after a broker's failure is written once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiokafka.errors import KafkaError
from aiokafka.protocol.produce import ProduceRequest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from cxstream.engine.handing_over import HandingOver
from cxstream.engine.one_loop import OneLoop
from cxstream.engine.pacing import pace
from cxstream.engine.parcels import Parcels
from cxstream.engine.to_stream import ToStreams

FETCH_WAIT_MS = 100
FETCH_WAIT_EMBEDDED_MS = 10
HEEDED_S = 1.0
_ROUND_S = 0.2
"""A round of fetching ends after so long when nothing comes; who rewinds waits for its end."""


class QuickThread(OneLoop, driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Sets the wait on aiokafka's consumer before it starts, where it is read; and lets the lease listen."""

    uncoordinated: KafkaError | None = None
    """Why the group is not coordinated any more."""

    def _create_worker_consumer(self, transport: driver.Transport) -> object:
        consumer = super()._create_worker_consumer(transport)
        if not hasattr(consumer, "_fetch_max_wait_ms"):
            raise AttributeError("aiokafka has renamed _fetch_max_wait_ms; see engine/transport.py")
        consumer._fetch_max_wait_ms = self.app.fetch_wait_ms
        return consumer

    async def on_start(self) -> None:
        """Start the consumer; nothing is subscribed yet, so the lease misses no answer."""
        await super().on_start()
        consumer = self._ensure_consumer()
        self.app.lease.watch(consumer._coordinator)
        pace(consumer._fetcher, self.app.seldom_topics)
        self.add_future(self._heed())

    async def _heed(self) -> None:
        """Ask for what the coordination of the group met with.

        aiokafka tells whoever fetches, and waits until it was told; before the first assignment nobody fetches.
        """
        while not self.should_stop and self.uncoordinated is None:
            await self.sleep(HEEDED_S)
            if self._consumer is not None and not self.should_stop:
                try:
                    self._consumer._coordinator.check_errors()
                except KafkaError as error:
                    self.uncoordinated = error


class QuickConsumer(HandingOver, driver.Consumer):  # type: ignore[misc]
    """Faust's consumer on a `QuickThread`; `reading` is held from a fetch until its records are handed over."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reading = asyncio.Lock()

    async def getmany(
        self,
        timeout: float,  # noqa: ASYNC109  Faust's signature
    ) -> AsyncIterator[tuple[TP, Any]]:
        """One round: fetch, and hand over what came."""
        while not self.flow_active and not self.should_stop:
            await self.wait(
                self.can_resume_flow
            )  # not under the lock: the recovery resumes the flow
        async with self.reading:
            async for place, message in super().getmany(min(timeout, _ROUND_S)):
                yield place, message

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109  Faust's signature
    ) -> Any:
        wanted = None if active_partitions is None else frozenset(active_partitions)
        return await super()._getmany(wanted, timeout)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: Faust watches for events that its streams take up, and ours are taken in batches.

        After five minutes it would call every partition stuck, each second. See `watchdog` for ours.
        """

    @property
    def uncoordinated(self) -> KafkaError | None:
        """Why the group is not coordinated any more, or None."""
        return self._thread.uncoordinated

    def _new_consumer_thread(self) -> QuickThread:
        return QuickThread(self, loop=self.loop, thread_loop=self.loop, beacon=self.beacon)


class FencedProducer(driver.Producer):  # type: ignore[misc]
    """Faust's producer, idempotent, whose client asks the lease before each produce request."""

    def parcels(self) -> Parcels:
        """For records that go together; what Faust would do for each is not done."""
        return Parcels(self._ensure_producer())

    def _settings_extra(self) -> dict[str, object]:
        return {"acks": "all", "enable_idempotence": True}

    def _new_producer(self, transactional_id: str | None = None) -> Any:
        producer = super()._new_producer(transactional_id)
        producer.client.send = _fenced(producer.client.send, self.app.lease.admit)
        return producer


def _fenced(
    send: Callable[..., Awaitable[object]], admit: Callable[[], None]
) -> Callable[..., Awaitable[object]]:
    async def fenced(node_id: int, request: object, *args: Any, **kwargs: Any) -> object:
        if isinstance(request, ProduceRequest):
            admit()
            _admitted_last(request, admit)
        return await send(node_id, request, *args, **kwargs)

    return fenced


def _admitted_last(request: Any, admit: Callable[[], None]) -> None:
    """Ask once more when the request is bytes: what is left until the socket is a matter of microseconds.

    Finding the connection and encoding take milliseconds where another thread has the interpreter.
    """
    prepare = request.prepare

    def prepared(versions: object) -> Any:
        built = prepare(versions)
        encode = built.encode

        def encoded() -> bytes:
            data: bytes = encode()
            admit()
            return data

        built.encode = encoded
        return built

    request.prepare = prepared


class QuickTransport(driver.Transport):  # type: ignore[misc]
    """Faust's aiokafka transport on a `QuickConsumer` and a `FencedProducer`."""

    Conductor = ToStreams
    Consumer = QuickConsumer
    Producer = FencedProducer
