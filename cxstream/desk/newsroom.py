"""From the topics to the streams: what comes is taken onto the floor, what changes is published on the hub.

A tail calls `take` with every record; a service ticks once a second, so that cards leave when their time is
over though nobody speaks. Nothing here waits for a reader.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec
from msgspec.structs import replace

from cxstream.desk import news
from cxstream.desk.cards import outcome_of
from cxstream.desk.floor import Card, Floor, may_see
from cxstream.desk.hub import Hub
from cxstream.desk.tokens import Viewer
from cxstream.desk.views import Snapshot
from cxstream.errors import UNREADABLE, EngineError
from cxstream.events import (
    Action,
    Approval,
    CarryOver,
    CustomerRecord,
    Escalation,
    Fragment,
    LedgerRow,
    Nudge,
    Outcome,
    Passport,
    Signal,
    Stage,
    Summary,
    Trace,
    from_ms,
)
from cxstream.listen.redact import Redactor

ROLES = ("signals", "nudges", "actions", "escalations", "summaries", "outcomes", "passports")
"""The topics that a desk tails, by role."""

WHOLE = ("ledger",)
"""And those that it reads from their beginning: compacted ones, with what may be open for weeks."""

TOLD = ("nudges", "escalations", "actions")
"""What somebody is told of at once: the end of a fragment's trace."""

OVERHEARD = ("transcripts",)
"""And those of which it shows what is not final yet."""

TICK_S = 1.0
_PARTIAL = b'"partial"'
_OVERHEARD_FOR_MS = 5_000

Tailed = (
    Signal
    | CarryOver
    | CustomerRecord
    | Approval
    | Nudge
    | Action
    | Escalation
    | Summary
    | Outcome
    | Passport
    | LedgerRow
)
"""All that may lie there; what no screen shows is readable all the same."""

_log = logging.getLogger(__name__)


class AnswerWriter(Protocol):
    """Writes what people say back to Kafka: `cx.outcomes`, `cx.approvals`; implemented by `engine.answers`."""

    async def write(self, record: Outcome | Approval, trace: Trace | None = None) -> None:
        """Done when Kafka has it. Raises `EngineError` when it does not take it in time."""


class StreamObserver(Protocol):
    """Who counts what the streams do; implemented by `observe.desk_metrics`."""

    def streams(self, name: str, change: int) -> None:
        """A stream was opened (1) or closed (-1)."""

    def cut_off(self, name: str) -> None:
        """A reader was too slow."""

    def told(self, kind: str) -> None:
        """An event was published."""

    def answered(self, kind: str) -> None:
        """A person answered: accepted, dismissed, later, undone, approved, refused."""

    def unreadable(self) -> None:
        """A record of a topic that is tailed could not be read; the tail goes on."""


class Newsroom:
    """The floor with its hub; for one event loop."""

    def __init__(
        self,
        floor: Floor,
        hub: Hub,
        *,
        writer: AnswerWriter,
        observer: StreamObserver,
        redactor: Redactor,
        clock_ms: Callable[[], int],
    ) -> None:
        self.floor = floor
        self.hub = hub
        self.clock_ms = clock_ms
        self._writer = writer
        self._observer = observer
        self._redactor = redactor
        self._decoder = msgspec.json.Decoder(Tailed)
        self._fragments = msgspec.json.Decoder(Fragment)
        self._encode = msgspec.json.Encoder().encode
        self._ticking: asyncio.Task[None] | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def take(self, value: bytes | None, arrived_ms: int) -> None:
        """Take one record off a topic; `arrived_ms` is our clock, or Kafka's for what lay there before us."""
        try:
            record = self._decoder.decode(value or b"")
        except UNREADABLE:
            self._observer.unreadable()
            return
        self.publish(news.take(self.floor, record, arrived_ms))

    def overhear(self, value: bytes | None, arrived_ms: int) -> None:
        """Take a record off `cx.transcripts`: of a partial its words are shown to those who look now.

        Whoever wrote it, it is redacted here. What cannot be read is for the worker to say.
        """
        if value is None or _PARTIAL not in value:
            return
        if self.clock_ms() - arrived_ms > _OVERHEARD_FOR_MS:
            return
        try:
            partial = self._fragments.decode(value)
        except UNREADABLE:
            return
        if partial.stage is not Stage.PARTIAL:
            return
        told = news.overhear(self.floor, partial, arrived_ms)
        if told is None:
            return
        audiences, said = told
        present = [audience for audience in audiences if self.hub.is_heard(audience)]
        if present:
            shown = replace(said, text=self._redactor.redact(said.text).text)
            self.hub.publish(present, "hearing", self._encode(shown), keep=False)
            self._observer.told("hearing")

    def publish(self, told: Iterable[news.News]) -> None:
        """Tell whoever is to be told."""
        for audiences, kind, body in told:
            kept = [a for a in audiences if a.stream != "conversation" or self.hub.is_heard(a)]
            if kept:
                self.hub.publish(kept, kind, self._encode(body))
                self._observer.told(kind)

    async def answer(self, record: Outcome | Approval, trace: Trace | None = None) -> None:
        """Write what a person said, then show it. Raises `EngineError`, and then it was not said."""
        await self._writer.write(record, trace)
        if isinstance(record, Outcome):
            self._observer.answered(record.kind)
            self.publish(news.take(self.floor, record, self.clock_ms()))
        else:
            self._observer.answered(record.verdict)

    def snapshot(self, viewer: Viewer, stream: str, reason: str) -> bytes:
        """Everything that a viewer's stream begins with."""
        floor = self.floor
        if stream == "nudges":
            return self._encode(Snapshot(reason, cards=floor.cards_for(viewer)))
        seen = floor.seen_by(viewer)
        if stream == "desk":
            return self._encode(Snapshot(reason, conversations=[floor.view(c) for c in seen]))
        return self._encode(
            Snapshot(
                reason,
                rows=[floor.row(c) for c in seen],
                approvals=floor.approvals_for(viewer),
            )
        )

    def conversation(self, viewer: Viewer, conversation_id: str, reason: str) -> bytes | None:
        """A snapshot of one conversation; None when there is none of that id that the viewer may see."""
        found = self.floor.conversations.get((viewer.tenant, conversation_id))
        if found is None or not may_see(viewer, found):
            return None
        return self._encode(Snapshot(reason, conversations=[self.floor.view(found)]))

    async def start(self) -> None:
        """Begin to tick."""
        self._ticking = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """End every stream, and stop ticking."""
        self.hub.close()
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, *self._writing, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.expire()

    def expire(self) -> None:
        """Let what is over leave, and note what was shown and never answered."""
        told, ignored = news.expire(self.floor, self.clock_ms())
        self.publish(told)
        for card in ignored:
            task = asyncio.create_task(self._ignored(card))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def _ignored(self, card: Card) -> None:
        """Say that a card was shown and its time passed; where Kafka does not take it, learning infers it."""
        nudge = card.nudge
        record = outcome_of(
            card.answers,
            "ignored",
            decision_id=nudge.id,
            conversation_id=nudge.conversation_id,
            at=from_ms(self.clock_ms()),
            tenant=nudge.tenant,
            customer_id=nudge.customer_id,
            agent_id=nudge.agent_id,
        )
        try:
            await self._writer.write(record)
        except EngineError as error:
            _log.warning("an ignored nudge was not noted: %s", error)
