"""What a sweep does about silence: in rounds, after a restart too, and never the same twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import faust
import msgspec
import pytest
from faust.types import TP

from cxstream.context.conversation import Conversation
from cxstream.context.snapshot import dump, load_conversation
from cxstream.engine.agent import ROUND
from cxstream.engine.arrivals import Arrivals
from cxstream.engine.conversation_agent import SILENCE_MS, ConversationAgent
from cxstream.engine.state import Clock, Write
from cxstream.engine.stores import MemoryRows, Row
from cxstream.errors import StateError
from cxstream.events import from_ms
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.metrics import Metrics
from cxstream.pipeline import ConversationHop
from cxstream.understand.trajectory import RuleTrajectory

SOURCE = "cx.transcripts"
BEGAN_MS = 1_795_000_000_000


class Table:
    """A table without a changelog."""

    def __init__(self) -> None:
        app = faust.App("cx", broker="aiokafka://127.0.0.1:1", autodiscover=False)
        self.rows = MemoryRows(app, app.Table("conversations", partitions=1), "log", SILENCE_MS)
        self.rounds: list[int] = []
        self.get = self.rows.row
        self.silent = self.rows.silent

    async def write(self, writes: list[Write], clock: Clock) -> None:
        self.rounds.append(len(writes))
        for partition, key, value in writes:
            self.rows.write(partition, [Row(key, value, clock(partition))], 1)


class Outbox:
    """Keeps what is posted."""

    def __init__(self) -> None:
        self.posted: list[Any] = []

    async def send(self, caused: Iterable[tuple[Any, Any]]) -> dict[tuple[str, int], int]:
        self.posted += [out for out, _ in caused]
        return {}


class Sweeping:
    """A conversations' agent that has just started on a partition where all was read."""

    def __init__(self, table: Table) -> None:
        self.outbox = Outbox()
        self.table = table
        consumer = SimpleNamespace(
            assignment=lambda: {TP(SOURCE, 0)}, highwater=lambda tp: 0, _committed_offset={}
        )
        flow = SimpleNamespace(is_active=lambda: True)
        self.draining = asyncio.Event()
        desk: Any = SimpleNamespace(
            app=SimpleNamespace(consumer=consumer, flow_control=flow),
            outbox=self.outbox,
            progress=SimpleNamespace(note_sent=lambda *place: None),
            arrivals=Arrivals(),
            draining=self.draining,
        )
        self._agent = ConversationAgent(desk, hop(), None, table, source=SOURCE)  # type: ignore[arg-type]

    def at(self, minutes: int) -> int:
        """Sweep so many minutes after the beginning; how many records came out."""
        self._agent._clocks._wall = lambda: BEGAN_MS / 1000 + 60 * minutes
        self.outbox.posted.clear()
        asyncio.run(self._agent.sweep())
        return len(self.outbox.posted)


def hop() -> ConversationHop:
    return ConversationHop(
        redactor=PatternRedactor(), foresight=RuleTrajectory(), observer=Metrics()
    )


def heard(name: str) -> bytes:
    """The state of a conversation in which one thing was said."""
    said = {
        "schema": "cx.fragment.v1",
        "conversation_id": name,
        "fragment_id": "1",
        "text": "is anybody there",
        "speaker": {"role": "customer"},
        "channel": "chat",
        "event_time": from_ms(BEGAN_MS),
    }
    state = Conversation(id=name)
    read = hop().read(msgspec.json.encode(said), key=name.encode(), arrival_ms=BEGAN_MS)
    hop().hear(state, read, None)
    return dump(state)


def filled(count: int) -> Table:
    table = Table()
    for number in range(count):
        name = f"conv-{number}"
        table.rows.write(0, [Row(name.encode(), heard(name), BEGAN_MS)], number)
    return table


def test_what_nobody_ended_is_ended_once_and_forgotten_later() -> None:
    count = 2 * ROUND + 3
    sweeping = Sweeping(filled(count))
    assert sweeping.at(29) == 0
    assert sweeping.at(31) == count, "also what was heard before the worker started"
    assert sweeping.table.rounds[-3:] == [ROUND, ROUND, 3], "batches have their turn in between"
    assert sweeping.at(40) == 0
    kept = sweeping.table.get(0, b"conv-0")
    assert kept is not None and load_conversation(kept).arc.ended_ms
    assert sweeping.at(62) == 0
    assert sweeping.table.rows.count() == 0


def test_a_state_that_cannot_be_read_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    table = filled(1)
    table.rows.write(0, [Row(b"damaged", b"\xff", BEGAN_MS - 1)], 9)
    sweeping = Sweeping(table)
    assert sweeping.at(31) == 1
    assert "cannot be read" in caplog.text
    assert sweeping.at(32) == 0
    assert table.get(0, b"damaged") == b"\xff"


def test_a_sweep_that_fails_is_the_last_one_of_this_worker() -> None:
    table = filled(1)
    sweeping = Sweeping(table)
    whole = table.write

    async def full(writes: list[Write], clock: Clock) -> None:
        raise StateError("the disk is full")

    table.write = full  # type: ignore[method-assign]
    with pytest.raises(StateError):
        sweeping.at(31)
    assert sweeping.draining.is_set(), "nor is another batch taken"
    table.write = whole  # type: ignore[method-assign]
    assert sweeping.at(31) == 0
