"""cx.signals -> nudges, actions, escalations, summaries: one table value a customer."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from faust.types import EventT

from cxstream.context.customer import Customer
from cxstream.context.snapshot import dump, load_customer
from cxstream.engine import codec
from cxstream.engine.agent import BREATH, ROUND, BatchAgent, Desk, Reply, Tidied
from cxstream.engine.batches import Batches
from cxstream.engine.codec import Cause
from cxstream.engine.deadlines import Deadlines, Due
from cxstream.engine.explaining import Explainer
from cxstream.engine.state import StateTable, Write
from cxstream.engine.work import States, Step
from cxstream.errors import RecordError
from cxstream.events import Action, Escalation, Nudge, Signal, to_ms
from cxstream.pipeline import CustomerEvent, CustomerHop, Rung


class CustomerAgent(BatchAgent):
    """Signals to decisions: one customer's events in order, whatever the channel."""

    stage = "customers"

    def __init__(
        self,
        desk: Desk,
        hop: CustomerHop,
        explainer: Explainer,
        table: StateTable,
        *,
        source: str,
        expires: bool = True,
        after: asyncio.Event | None = None,
    ) -> None:
        super().__init__(desk, source)
        self._hop = hop
        self._explainer = explainer
        self._expires = expires
        self._after = after
        self._deadlines = Deadlines()
        self.table: StateTable = table

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """Each signal in order, then the words behind each decision.

        The time from fragment to decision is measured here.
        """
        if self._after is not None:  # nothing is decided by playbooks that are out of date
            await self._after.wait()
        states = States(self._load, self._dump)
        replies: list[Reply] = []
        causes: list[Signal | None] = []
        for number, event in enumerate(batch):
            if number % BREATH == BREATH - 1:
                await asyncio.sleep(0)
            try:
                signal = codec.decode_signal(event.message.value)
            except RecordError as error:
                replies.append(self._dead_letter(event, error))
                causes.append(None)
                continue
            key = event.message.key or b""
            made = self._stepped(states, event, key, self._step(signal))
            self._watch(event, key, made)
            replies += made
            cause = signal if isinstance(signal, Signal) else None
            causes += [cause] * (len(replies) - len(causes))
        if self._desk.overload.rung >= Rung.LIGHT:
            decisions = sum(isinstance(r.out.record, Nudge | Action | Escalation) for r in replies)
            self._desk.overload.shed("words", decisions)
            return replies, list(states.writes())
        caused = [(reply.out, cause) for reply, cause in zip(replies, causes, strict=True)]
        outs = await self._explainer.explain(caused)
        explained = [Reply(out, reply.cause) for out, reply in zip(outs, replies, strict=True)]
        return explained, list(states.writes())

    def tidy(self) -> Tidied:
        """Settle the decisions whose window closed in silence; give up actions that nobody answered.

        Who has nothing left in any window is dropped; consents, preferences and attributes stay.
        """
        states = States(partial(self._load, seldom=True), self._dump)
        replies, more = self._unanswered(states)
        silent, unread = list(self._silent()), list[Write]()
        for partition, key, now_ms in silent:
            try:
                outs = states.step(partition, key, self._settle(now_ms))
            except RecordError:
                unread.append(self._as_it_is(partition, key))
                continue
            replies += [Reply(out, Cause(now_ms)) for out in outs]
        more = more or len(silent) >= ROUND
        return Tidied(replies, [*states.writes(), *unread], more=more)

    def _watch(self, event: EventT, key: bytes, made: list[Reply]) -> None:
        """Actions that wait are given up on the clock of arrival, so that an old stream is not late at once."""
        for reply in made if self._expires else ():
            action = reply.out.record
            if isinstance(action, Action) and action.status == "proposed" and action.approve_by:
                arrival_ms, by_ms = int(event.message.timestamp * 1000), to_ms(action.approve_by)
                due_ms = arrival_ms + by_ms - to_ms(action.event_time)
                self._deadlines.watch(Due(due_ms, event.message.partition, key, by_ms))

    def _unanswered(self, states: States[Customer]) -> tuple[list[Reply], bool]:
        """What follows for actions whose time is over, and whether more are to be looked for."""
        replies = list[Reply]()
        if not self._expires:
            return replies, False
        more = self._deadlines.hold(self._clocks.held(), self.table.entries, _first_due_ms)
        due_now = self._deadlines.over(self._clocks.now_ms, ROUND)
        for due in due_now:
            outs = states.step(due.partition, due.key, self._give_up(due.event_ms + 1))
            replies += [Reply(out, Cause(self._clocks.now_ms(due.partition))) for out in outs]
        return replies, more or len(due_now) >= ROUND

    def _give_up(self, now_ms: int) -> Step[Customer]:
        return lambda state: self._hop.unanswered(state, now_ms)

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

    def _load(self, partition: int, key: bytes, *, seldom: bool = False) -> Customer:
        data = self.table.get(partition, key, seldom=seldom)
        return load_customer(data) if data else Customer(key=key.decode("utf-8", "replace"))

    @staticmethod
    def _dump(state: Customer) -> bytes | None:
        return None if state.disposable() else dump(state)


def _first_due_ms(data: bytes) -> int | None:
    """When the first action of a customer must be answered; most states hold none and are not read."""
    if b"approve_by" not in data:
        return None
    waiting = load_customer(data).waiting
    return min((to_ms(a.approve_by) for a in waiting if a.approve_by), default=None)
