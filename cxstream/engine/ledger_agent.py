"""cx.ledger-events -> cx.ledger: one row an action or promise, and the late ones to the supervisor."""

from __future__ import annotations

import heapq
import time

from faust.types import EventT

from cxstream.engine import codec
from cxstream.engine.agent import BatchAgent, Desk, Reply, Write
from cxstream.engine.idle import Idle
from cxstream.engine.state import StateTable
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

    def __init__(self, desk: Desk, table: StateTable, source: str) -> None:
        super().__init__(desk)
        self._source = source
        self.table: StateTable = table
        self._due: list[tuple[int, int, bytes]] = []
        self._watched: frozenset[int] = frozenset()

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
            self._watch(message.partition, key, states.get(key))
        return replies, list(states.writes())

    def tidy(self, idle: Idle) -> tuple[list[Reply], list[Write]]:
        """See which deadlines have passed; forget what nobody spoke of for three months.

        Time is the arrival clock of the partition; where nothing has arrived since the worker started, the
        wall clock, once everything that lay there was read: a confirmation may be among it.
        """
        self._watch_what_moved_here()
        states = States(self._load, dump_kept)
        replies: list[Reply] = []
        wait: list[tuple[int, int, bytes]] = []
        wall_ms = int(time.time() * 1000)
        while self._due and self._due[0][0] <= wall_ms:
            due_ms, partition, key = heapq.heappop(self._due)
            now_ms = self._now_ms(idle, partition, wall_ms)
            if now_ms < due_ms:
                wait.append((due_ms, partition, key))
                continue
            outs = states.step(key, partition, self._overdue(now_ms))
            replies += [Reply(out, wall_ms) for out in outs]
        for entry in wait:
            heapq.heappush(self._due, entry)
        silent = list(idle.silent_for(FORGOTTEN_AFTER_MS))
        drops: list[Write] = [(partition, key, None) for partition, key in silent]
        return replies, [*states.writes(), *drops]

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
            return [Outbound("ledger", row.id, row)]

        return step

    def _overdue(self, now_ms: int) -> Step[Kept]:
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
            heapq.heappush(self._due, (kept.due_ms, partition, key))

    def _watch_what_moved_here(self) -> None:
        """Deadlines of partitions that came, or were here before the worker started, are ours to watch."""
        held = frozenset(
            tp.partition
            for tp in self._desk.app.consumer.assignment()
            if tp.topic == self.table.changelog
        )
        if held == self._watched:
            return
        self._watched = held
        self._due = []
        for partition, key, value in self.table.entries():
            if partition in held:
                self._watch(partition, key, load_kept(value))

    def _now_ms(self, idle: Idle, partition: int, wall_ms: int) -> int:
        if idle.knows(partition):
            return idle.now_ms(partition)
        consumer = self._desk.app.consumer
        for tp in consumer.assignment():
            if tp.partition == partition and tp.topic == self._source:
                end, committed = consumer.highwater(tp), consumer._committed_offset.get(tp)
                return wall_ms if end is not None and (committed or 0) >= end else 0
        return 0

    def _load(self, key: bytes) -> Kept:
        data = self.table.get(key)
        return load_kept(data) if data else Kept()


def _to_supervisor(row: LedgerRow) -> Outbound:
    escalation = escalation_of(row)
    return Outbound("escalations", escalation.conversation_id, escalation)
