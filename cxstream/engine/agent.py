"""The loop that all agents share: batches in, outputs out, state written, then acknowledged.

In that order. Outputs are with the broker before the state that knows of them is written, and both before
the input is acknowledged: after a crash at any point the input comes again, gives the same ids, and the
state knows what it has applied.
"""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple, TypeVar

import faust
from faust.types import EventT, StreamT

from cxstream.engine import codec
from cxstream.engine.arrivals import Arrivals
from cxstream.engine.batch_spans import BatchSpans
from cxstream.engine.batches import Batches
from cxstream.engine.clocks import Clocks
from cxstream.engine.codec import Cause, place_of
from cxstream.engine.outbox import Outbox
from cxstream.engine.overload import Overload
from cxstream.engine.state import StateTable, Write
from cxstream.engine.tracing import Tracer
from cxstream.engine.watching import EngineObserver, Progress
from cxstream.engine.work import States, Step
from cxstream.errors import EngineError, RecordError
from cxstream.listen.redact import Redactor
from cxstream.pipeline import Outbound

_log = logging.getLogger(__name__)
S = TypeVar("S")

BREATH: Final = 8
"""Records between two moments in which the event loop may see to others."""

ROUND: Final = 64
"""Keys that a sweep sees to before batches have their turn: some ten milliseconds."""

ROUNDS: Final = 1000
"""Rounds of one sweep at most; the next one goes on."""


class Desk(NamedTuple):
    """What every agent works with."""

    app: faust.App
    outbox: Outbox
    observer: EngineObserver
    progress: Progress
    redactor: Redactor
    arrivals: Arrivals
    draining: asyncio.Event
    batch_max: int
    overload: Overload
    tracer: Tracer | None = None


class Reply(NamedTuple):
    """One record to send, and what it carries on from the record that caused it."""

    out: Outbound
    cause: Cause


class Tidied(NamedTuple):
    """What a round of a sweep came to; `more` when another one should follow at once."""

    replies: Sequence[Reply] = ()
    writes: Sequence[Write] = ()
    more: bool = False


class BatchAgent(ABC):
    """The loop that all agents share; what they think about a batch is theirs."""

    stage: str
    table: StateTable | None = None

    def __init__(self, desk: Desk, source: str = "") -> None:
        """`source`, the topic that is read, is what `_silent` needs."""
        self._desk = desk
        self._clocks = Clocks(desk.app, source)
        self.in_hand_since: float | None = None
        self._turn = asyncio.Lock()
        self._batches: Batches | None = None
        self._spans = BatchSpans(None, self.stage, ())
        self._in_hand: list[EventT] = []

    async def run(self, stream: StreamT) -> None:
        """Work on batches until the worker drains; what is in hand is finished or handed back."""
        desk = self._desk
        batches = Batches(stream, most=desk.batch_max, draining=desk.draining)
        self._batches = batches
        async for batch in batches:
            desk.observer.batch(self.stage, len(batch), batches.waiting())
            task = asyncio.ensure_future(self._work(batch))
            self.in_hand_since = time.monotonic()
            self._in_hand = batch
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError:
                await asyncio.wait({task}, timeout=desk.app.drain_left_s())
                if task.done() and not task.cancelled() and task.exception() is None:
                    self._finish(batches, batch)
                else:
                    _log.warning("%s: a batch was not done and is handed back", self.stage)
                    task.cancel()
                    batches.hand_back(batch)
                raise
            except Exception as error:
                # Faust starts this agent anew before the worker ends. What comes behind a batch that failed
                # must not be worked on: it would overtake, on a state of which Kafka has a newer one.
                desk.draining.set()
                batches.hand_back(batch)
                _log.exception("%s: a batch could not be written; the worker stops", self.stage)
                await desk.app.crash(error)
                raise
            finally:
                self.in_hand_since = None
                self._in_hand = []
            self._finish(batches, batch)

    def oldest(self) -> dict[tuple[str, int], int]:
        """By partition the first offset that is in hand or queued here."""
        queued = self._batches.upcoming(None) if self._batches is not None else []
        found: dict[tuple[str, int], int] = {}
        for event in chain(self._in_hand, queued):
            message = event.message
            found.setdefault((message.topic, message.partition), message.offset)
        return found

    async def between(self) -> None:
        """Return when neither a batch nor a sweep is being worked on."""
        async with self._turn:
            pass

    async def sweep(self) -> None:
        """See to the keys that have been silent too long; between batches, never during one.

        In rounds, so that a million of them hold nobody up. Keys of partitions that went to another worker are
        its own to see to, and nothing is touched while partitions move or the worker drains.
        """
        for _ in range(ROUNDS):
            if not await self._round():
                return
            await asyncio.sleep(0)

    async def _round(self) -> bool:
        async with self._turn:
            desk = self._desk
            if (
                self.table is None
                or desk.draining.is_set()
                or not desk.app.flow_control.is_active()
            ):
                return False
            tidied = self.tidy()
            try:
                await self._publish(tidied.replies, tidied.writes)
            except Exception:
                desk.draining.set()  # as where a batch fails
                raise
            return tidied.more

    def tidy(self) -> Tidied:
        """What follows from silence: nothing, for an agent without state."""
        return Tidied()

    def _silent(self) -> Iterator[tuple[int, bytes, int]]:
        """Partition and key of some that were silent too long, and the time there.

        Each must be written or deleted in this round: else the next one gives it again.
        """
        left = ROUND
        assert self.table is not None
        for partition in self._clocks.held():
            now_ms = self._clocks.now_ms(partition)
            keys = self.table.silent(partition, now_ms, left) if now_ms and left else []
            left -= len(keys)
            yield from ((partition, key, now_ms) for key in keys)

    def _as_it_is(self, partition: int, key: bytes) -> Write:
        """A state that cannot be read, written again: it is looked at after another silence, not at once."""
        assert self.table is not None
        _log.warning("%s: a state that cannot be read is left as it is", self.stage)
        return partition, key, self.table.get(partition, key)

    @abstractmethod
    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """What follows from a batch: records to send, states to write."""

    def _finish(self, batches: Batches, batch: list[EventT]) -> None:
        batches.done(batch)
        for event in batch:
            message = event.message
            self._desk.progress.note_done(message.topic, message.partition, message.offset)
        if self.table is not None:
            self._desk.observer.state(self.stage, len(self.table))

    async def _work(self, batch: list[EventT]) -> None:
        async with self._turn:
            began = time.perf_counter()
            self._spans = BatchSpans(self._desk.tracer, self.stage, batch)
            try:
                for event in batch:
                    arrival_ms = self._desk.arrivals.ms(event.message.timestamp)
                    self._clocks.arrived(event.message.partition, arrival_ms)
                replies, writes = await self.think(batch)
                thought = time.perf_counter()
                await self._publish(replies, writes)
            finally:
                self._spans.end()
        self._desk.observer.took(self.stage, thought - began)
        self._desk.observer.took("publish", time.perf_counter() - thought)

    async def _publish(self, replies: Sequence[Reply], writes: Sequence[Write]) -> None:
        """Outputs first, then the state that knows of them; both are with the broker on return."""
        reached = await self._desk.outbox.send(replies)
        for (topic, partition), offset in reached.items():
            self._desk.progress.note_sent(topic, partition, offset)
        if self.table is not None:
            await self.table.write(writes, self._clocks.now_ms)

    def _dead_letter(self, event: EventT, error: RecordError) -> Reply:
        message = event.message
        self._desk.observer.dead_letter(error.reason)
        self._spans.fail(event, error.reason)
        letter = codec.dead_letter(
            error, place_of(message), message.key, message.value, self._desk.redactor
        )
        return Reply(Outbound("dead_letters", letter.key or "", letter), self._spans.cause(event))

    def _stepped(self, states: States[S], event: EventT, key: bytes, step: Step[S]) -> list[Reply]:
        """Step a state; whatever goes wrong becomes a dead letter and the stream goes on."""
        message = event.message
        try:
            outs = states.step(message.partition, key, step)
        except RecordError as error:
            return [self._dead_letter(event, error)]
        except EngineError:  # not this record's fault: its state cannot be read
            raise
        except Exception as error:  # noqa: BLE001  one poison record must not stop the stream
            _log.exception("%s: a record could not be handled", self.stage)
            return [self._dead_letter(event, _internal(error))]
        if not outs:
            return []
        cause = self._spans.cause(event)
        return [Reply(out, cause) for out in outs]


def _internal(error: Exception) -> RecordError:
    return RecordError(
        "internal_error",
        field="$",
        mend=f"cxstream failed on this record ({type(error).__name__}); report it with the log",
    )
