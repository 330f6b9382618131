"""cx.actions -> the back office: read at least once, carried out under an idempotency key, then committed.

    read ─▶ in flight: a customer's actions one after the other, customers side by side ─▶ commit

An offset is committed when everything before it on its partition is done, whatever finished first. After a
crash the rest comes again: the key makes its effect the same one, the ids make its records known.

An action with a `not_before` is held here until then, and its customer's later ones behind it; it takes no room
among those in flight, and its offset stays open, so that a restart does not lose it. When `held_most` are held,
the rest stays in the topic until some are due.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

import msgspec
from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from cxstream.engine import codec
from cxstream.engine.codec import place_of
from cxstream.engine.in_flight import InFlight
from cxstream.engine.topics import Topics
from cxstream.engine.tracing import Tracer, carried, reading
from cxstream.errors import DeliveryError, RecordError
from cxstream.events import Action, LedgerEvent, Outcome
from cxstream.execute.carrying_out import Carrier, Happening, Undelivered
from cxstream.listen.redact import Redactor

_log = logging.getLogger(__name__)
_POLL_MS = 200
_LOOK_AGAIN_S = 30.0
"""A held action looks at the clock so often: it may be set, and a machine may sleep."""


class ExecutorObserver(Protocol):
    """Who counts what executors do; implemented by `observe`."""

    def carried(self, action: str, ended: str) -> None:
        """A record of an action was dealt with: its last state, or why it was left alone."""

    def in_flight(self, actions: int, held: int) -> None:
        """So many actions are being carried out now, and so many wait for their time."""

    def dead_letter(self, reason: str) -> None:
        """A record could not be read, or carried out."""


class Executor:
    """Reads actions and has a `Carrier` carry them out; what happens goes to the ledger and the outcomes."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
        topics: Topics,
        carrier: Carrier,
        *,
        redactor: Redactor,
        observer: ExecutorObserver,
        most: int,
        held_most: int,
        drain_s: float,
        tracer: Tracer | None = None,
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._topics = topics
        self._carrier = carrier
        self._redactor = redactor
        self._observer = observer
        self._drain_s = drain_s
        self._tracer = tracer
        self._flying = InFlight(most, held_most)

    async def run(self, stop: asyncio.Event) -> None:
        """Carry out until `stop`, then finish what is in hand. Raises what the broker does not forgive."""
        self._consumer.subscribe([self._topics.actions], listener=_Moves(self))
        while not stop.is_set():
            self._hold_back()
            batches = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=64)
            for messages in batches.values():
                for message in messages:
                    place = TopicPartition(message.topic, message.partition)
                    self._flying.add(place, message.offset, message.key, self._handle(message))
            self._flying.raise_failures()
            await self.commit()
            self._observer.in_flight(self._flying.busy(), self._flying.held())
        await self.settle(None)

    async def settle(self, places: Iterable[TopicPartition] | None) -> None:
        """Finish what is in hand on these partitions (None: all), within the drain time, and commit."""
        await self._flying.settle(places, self._drain_s)
        await self.commit()
        self._flying.forget(places)

    async def commit(self) -> None:
        """Commit what is done without a gap."""
        done = {
            place: offset
            for place, offset in self._flying.done().items()
            if place in self._consumer.assignment()
        }
        if not done:
            return
        try:
            await self._consumer.commit(done)
        except (CommitFailedError, IllegalStateError):
            _log.warning("partitions have moved; what was not committed comes again, elsewhere")

    def _hold_back(self) -> None:
        """Read no more while enough is in hand; polling goes on, so that the group knows we live."""
        assigned = self._consumer.assignment()
        if self._flying.full():
            self._consumer.pause(*assigned)
        elif paused := self._consumer.paused():
            self._consumer.resume(*(paused & assigned))

    async def _handle(self, message: ConsumerRecord) -> None:
        try:
            action = codec.decode_action(message.value)
        except RecordError as error:
            await self._bury(message, error)
            return
        await self._hold(message, action)
        with reading(self._tracer, "executor", place_of(message), list(message.headers)):
            await self._carry_out(message, action)

    async def _carry_out(self, message: ConsumerRecord, action: Action) -> None:
        verdict = self._carrier.verdict(action)
        ended: str = verdict
        try:
            async for happening in self._carrier.carry_out(action):
                ended = happening.state if isinstance(happening, LedgerEvent) else ended
                await self._publish(message, action, happening)
        except KafkaError:
            raise  # not told to anybody: the record must come again
        except Exception as error:  # noqa: BLE001  one poison record must not stop the others
            _log.exception("an action could not be handled")
            ended = "internal_error"
            await self._bury(message, _internal(error))
        self._observer.carried(action.action if verdict != "not_ours" else "other", ended)

    async def _hold(self, message: ConsumerRecord, action: Action) -> None:
        place = TopicPartition(message.topic, message.partition)
        while (early_ms := self._carrier.early_ms(action)) > 0:
            with self._flying.holding(place, message.key):
                await asyncio.sleep(min(early_ms / 1000, _LOOK_AGAIN_S))

    async def _publish(self, message: ConsumerRecord, action: Action, happening: Happening) -> None:
        if isinstance(happening, LedgerEvent):
            await self._send(self._topics.ledger_events, happening.ledger_id, happening, message)
        elif isinstance(happening, Outcome):
            key = action.customer_id or action.conversation_id
            await self._send(self._topics.outcomes, key, happening, message)
        elif isinstance(happening, Undelivered):
            await self._bury(message, _as_letter(happening.error))

    async def _bury(self, message: ConsumerRecord, error: RecordError) -> None:
        self._observer.dead_letter(error.reason)
        letter = codec.dead_letter(
            error, place_of(message), message.key, message.value, self._redactor
        )
        await self._send(self._topics.dead_letters, letter.key or "", letter, message)

    async def _send(
        self, topic: str, key: str, record: msgspec.Struct, cause: ConsumerRecord
    ) -> None:
        carries = carried(list(cause.headers), cause.timestamp)
        await self._producer.send_and_wait(
            topic,
            codec.encode(record),
            key=key.encode("utf-8", "replace"),
            headers=codec.headers(record, key, carries),
        )


class _Moves(ConsumerRebalanceListener):  # type: ignore[misc]
    """Partitions that go are finished and committed first."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._executor.settle(revoked)

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Nothing to prepare: the back office and the ledger remember."""


def _internal(error: Exception) -> RecordError:
    return RecordError(
        "internal_error",
        field="$",
        mend=f"cxstream failed on this record ({type(error).__name__}); report it with the log",
    )


def _as_letter(error: DeliveryError) -> RecordError:
    return RecordError(
        error.reason,
        field="$",
        mend=f"not carried out after {error.tries} tries: {error}; mend it and send the record again",
    )
