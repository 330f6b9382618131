"""The three agents: what each thinks about a batch. How they work stands in `agent`.

conversations   cx.transcripts ─▶ cx.signals            one table value a conversation
customers       cx.signals ─▶ nudges, actions, ...      one table value a customer
crm             cx.customers ─▶ cx.signals              no state: puts facts on the customer's key
"""

from __future__ import annotations

import time

from faust.types import EventT

from cxstream.context.conversation import Conversation
from cxstream.context.customer import Customer
from cxstream.context.snapshot import dump, load_conversation, load_customer
from cxstream.context.windows import SPANS_MS
from cxstream.engine import codec
from cxstream.engine.agent import BatchAgent, Desk, Reply, Write
from cxstream.engine.batches import Batches
from cxstream.engine.explaining import Explainer
from cxstream.engine.idle import Idle
from cxstream.engine.scoring import ScoringPool
from cxstream.engine.state import StateTable
from cxstream.engine.work import States, Step
from cxstream.errors import RecordError
from cxstream.events import Signal
from cxstream.pipeline import ConversationHop, CustomerEvent, CustomerHop, Heard, Outbound
from cxstream.understand.scorer import Reading

SILENCE_MS = 30 * 60_000
"""A conversation that was silent for so long is over; one that is over is forgotten after as long again."""


class ConversationAgent(BatchAgent):
    """Transcripts to signals: reads, scores the batch in one pass, folds in order."""

    stage = "conversations"

    def __init__(
        self, desk: Desk, hop: ConversationHop, pool: ScoringPool, table: StateTable
    ) -> None:
        super().__init__(desk)
        self._hop = hop
        self._pool = pool
        self.table: StateTable = table

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """One forward pass for the batch, then each record in order."""
        states = States(self._load, dump)
        read = [self._read(event) for event in batch]
        texts = [
            text
            for heard in read
            if isinstance(heard, Heard)
            and (text := self._hop.to_score(states.get(_key(heard)), heard)) is not None
        ]
        began = time.perf_counter()
        readings = await self._pool.read(texts)
        if readings:
            self._desk.observer.took("score", time.perf_counter() - began)
            degraded = sum(reading.scores.degraded for reading in readings.values())
            self._desk.observer.scored(len(readings), degraded)
            self._desk.observer.saw([readings[text] for text in texts])
        replies: list[Reply] = []
        for event, heard in zip(batch, read, strict=True):
            if isinstance(heard, Reply):
                replies.append(heard)
                continue
            text = getattr(heard.record, "text", None)
            step = self._step(heard, readings.get(text) if text is not None else None)
            replies += self._stepped(states, event, _key(heard), step)
        return replies, list(states.writes())

    def _timing_out(self, now_ms: int) -> Step[Conversation]:
        return lambda state: self._hop.time_out(state, now_ms)

    def _step(self, heard: Heard, reading: Reading | None) -> Step[Conversation]:
        return lambda state: self._hop.hear(state, heard, reading)

    def _read(self, event: EventT) -> Heard | Reply:
        message = event.message
        try:
            return self._hop.read(
                message.value, key=message.key, arrival_ms=int(message.timestamp * 1000)
            )
        except RecordError as error:
            return self._dead_letter(event, error)

    def tidy(self, idle: Idle) -> tuple[list[Reply], list[Write]]:
        """End what nobody ended; drop what ended long enough ago that nothing late will come."""
        states = States(self._load, dump)
        replies: list[Reply] = []
        drops: list[Write] = []
        for partition, key in list(idle.silent_for(SILENCE_MS)):
            now_ms = idle.now_ms(partition)
            if states.get(key).arc.ended_ms:
                drops.append((partition, key, None))
                continue
            outs = states.step(key, partition, self._timing_out(now_ms))
            replies += [Reply(out, now_ms) for out in outs]
            idle.heard(partition, key, now_ms)
        return replies, [*states.writes(), *drops]

    def _load(self, key: bytes) -> Conversation:
        data = self.table.get(key)
        return load_conversation(data) if data else Conversation(id=key.decode())


class CustomerAgent(BatchAgent):
    """Signals to decisions: one customer's events in order, whatever the channel."""

    stage = "customers"

    def __init__(
        self, desk: Desk, hop: CustomerHop, explainer: Explainer, table: StateTable
    ) -> None:
        super().__init__(desk)
        self._hop = hop
        self._explainer = explainer
        self.table: StateTable = table

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """Each signal in order, then the words behind each decision.

        The time from fragment to decision is measured here.
        """
        states = States(self._load, self._dump)
        replies: list[Reply] = []
        causes: list[Signal | None] = []
        for event in batch:
            try:
                signal = codec.decode_signal(event.message.value)
            except RecordError as error:
                replies.append(self._dead_letter(event, error))
                causes.append(None)
                continue
            key = event.message.key or b""
            replies += self._stepped(states, event, key, self._step(signal))
            cause = signal if isinstance(signal, Signal) else None
            causes += [cause] * (len(replies) - len(causes))
        made = [(reply.out, cause) for reply, cause in zip(replies, causes, strict=True)]
        outs = await self._explainer.explain(made)
        explained = [Reply(out, reply.sent_ms) for out, reply in zip(outs, replies, strict=True)]
        return explained, list(states.writes())

    def tidy(self, idle: Idle) -> tuple[list[Reply], list[Write]]:
        """Drop the customers whose longest window has passed in silence."""
        silent = list(idle.silent_for(max(SPANS_MS.values())))
        return [], [(partition, key, None) for partition, key in silent]

    def _step(self, signal: CustomerEvent) -> Step[Customer]:
        return lambda state: self._hop.decide(state, signal)

    def _finish(self, batches: Batches, batch: list[EventT]) -> None:
        super()._finish(batches, batch)
        now = time.time()
        for event in batch:
            sent_ms = codec.sent_ms(event.message.headers, event.message.timestamp)
            self._desk.observer.decided_after(max(0.0, now - sent_ms / 1000))

    def _load(self, key: bytes) -> Customer:
        data = self.table.get(key)
        return load_customer(data) if data else Customer(key=key.decode("utf-8", "replace"))

    @staticmethod
    def _dump(state: Customer) -> bytes | None:
        return None if state.disposable() else dump(state)


class CrmAgent(BatchAgent):
    """What a CRM says of a customer, put on the customer's own key, whatever partitioner the CRM has."""

    stage = "crm"

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """Read and pass on."""
        replies: list[Reply] = []
        for event in batch:
            message = event.message
            try:
                record = codec.decode_customer(message.value)
            except RecordError as error:
                replies.append(self._dead_letter(event, error))
                continue
            sent_ms = codec.sent_ms(message.headers, message.timestamp)
            replies.append(Reply(Outbound("signals", record.customer_id, record), sent_ms))
        return replies, []


def _key(heard: Heard) -> bytes:
    return heard.record.conversation_id.encode()
