"""cx.signals -> nudges, actions, escalations, summaries: one table value a customer."""

from __future__ import annotations

import time

from faust.types import EventT

from cxstream.context.customer import Customer
from cxstream.context.snapshot import dump, load_customer
from cxstream.engine import codec
from cxstream.engine.agent import BatchAgent, Desk, Reply, Write
from cxstream.engine.batches import Batches
from cxstream.engine.explaining import Explainer
from cxstream.engine.idle import Idle
from cxstream.engine.state import StateTable
from cxstream.engine.work import States, Step
from cxstream.errors import RecordError
from cxstream.events import Signal
from cxstream.pipeline import CustomerEvent, CustomerHop


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
        """Settle the decisions whose window closed in silence; drop who has nothing left in any window."""
        states = States(self._load, self._dump)
        replies: list[Reply] = []
        drops: list[Write] = []
        for partition, key in list(idle.silent_for(self._hop.window_ms)):
            now_ms = idle.now_ms(partition)
            if self.table.get(key) is None:
                continue
            replies += [Reply(o, now_ms) for o in states.step(key, partition, self._settle(now_ms))]
            state = states.get(key)
            if state.windows.empty() and not state.contacts:
                drops.append((partition, key, None))
            else:
                idle.heard(partition, key, now_ms)
        return replies, [*states.writes(), *drops]

    def _settle(self, now_ms: int) -> Step[Customer]:
        return lambda state: self._hop.settle(state, now_ms)

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
