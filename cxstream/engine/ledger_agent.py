"""cx.ledger-events -> cx.ledger: one row an action or promise, and what is late or failed to the supervisor."""

from __future__ import annotations

from functools import partial

from faust.types import EventT

from cxstream.engine import codec
from cxstream.engine.agent import ROUND, BatchAgent, Desk, Reply, Tidied
from cxstream.engine.codec import Cause
from cxstream.engine.deadlines import Deadlines, Due
from cxstream.engine.state import StateTable, Write
from cxstream.engine.work import States, Step
from cxstream.errors import RecordError
from cxstream.events import LedgerEvent, LedgerRow
from cxstream.execute.late import escalation_of
from cxstream.execute.ledger import Kept, dump_kept, load_kept
from cxstream.pipeline import Outbound

FORGOTTEN_AFTER_MS = 90 * 86_400_000
"""A row nobody spoke of for so long leaves the table; `cx.ledger` keeps its last record."""


class LedgerAgent(BatchAgent):
    """Keeps the ledger: each step in, the whole row out, and a watch on every deadline."""

    stage = "ledger"

    def __init__(self, desk: Desk, table: StateTable, *, source: str, expires: bool) -> None:
        super().__init__(desk, source)
        self._expires = expires
        self._deadlines = Deadlines()
        self.table: StateTable = table

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """Each event in order."""
        states = States(self._load, dump_kept)
        replies: list[Reply] = []
        for event in batch:
            message = event.message
            try:
                told = codec.decode_ledger_event(message.value)
            except RecordError as error:
                replies.append(self._dead_letter(event, error))
                continue
            key = told.ledger_id.encode()
            arrival_ms = int(message.timestamp * 1000)
            replies += self._stepped(states, event, key, self._step(told, arrival_ms))
            self._watch(message.partition, key, states.get(message.partition, key))
        return replies, list(states.writes())

    def tidy(self) -> Tidied:
        """See which deadlines have passed; forget what nobody spoke of for three months."""
        states = States(partial(self._load, seldom=True), dump_kept)
        replies, more = self._overdue(states) if self._expires else ([], False)
        silent = [(partition, key) for partition, key, _ in self._silent()]
        drops: list[Write] = [(partition, key, None) for partition, key in silent]
        more = more or len(silent) >= ROUND
        return Tidied(replies, [*states.writes(), *drops], more=more)

    def _overdue(self, states: States[Kept]) -> tuple[list[Reply], bool]:
        """What follows for rows whose deadline has passed, and whether more are to be looked for."""
        replies = list[Reply]()
        more = self._deadlines.hold(self._clocks.held(), self.table.entries, _due_ms)
        due_now = self._deadlines.over(self._clocks.now_ms, ROUND)
        for due in due_now:
            at_ms = self._clocks.now_ms(due.partition)
            outs = states.step(due.partition, due.key, self._give_up(at_ms))
            replies += [Reply(out, Cause(at_ms)) for out in outs]
        return replies, more or len(due_now) >= ROUND

    def _step(self, told: LedgerEvent, arrival_ms: int) -> Step[Kept]:
        def step(kept: Kept) -> list[Outbound]:
            before = kept.row
            row = kept.take(told, arrival_ms)
            if row is None:
                return []
            if before is None or before.state != row.state:
                self._desk.observer.ledger(row.kind, row.state)
            for refused in row.refused:
                if refused.step.id == told.id:
                    self._desk.observer.ledger_refused(refused.reason)
            outs = [Outbound("ledger", row.id, row)]
            if row.state == "failed" and (before is None or before.state != "failed"):
                outs.append(_to_supervisor(row))
            return outs

        return step

    def _give_up(self, now_ms: int) -> Step[Kept]:
        def step(kept: Kept) -> list[Outbound]:
            row = kept.overdue(now_ms)
            if row is None:
                return []
            outs = [Outbound("ledger", row.id, row)]
            if row.late:
                self._desk.observer.late(row.kind, row.what)
                outs.append(_to_supervisor(row))
            else:
                self._desk.observer.ledger(row.kind, row.state)
            return outs

        return step

    def _watch(self, partition: int, key: bytes, kept: Kept) -> None:
        if kept.waits():
            self._deadlines.watch(Due(kept.due_ms, partition, key, kept.due_ms))

    def _load(self, partition: int, key: bytes, *, seldom: bool = False) -> Kept:
        data = self.table.get(partition, key, seldom=seldom)
        return load_kept(data) if data else Kept()


def _due_ms(value: bytes) -> int | None:
    kept = load_kept(value)
    return kept.due_ms if kept.waits() else None


def _to_supervisor(row: LedgerRow) -> Outbound:
    escalation = escalation_of(row)
    return Outbound("escalations", escalation.conversation_id, escalation)
