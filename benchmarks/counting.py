"""The peers' work on cxstream's engine: JSON read, a count by key kept, one output record an event.

`stage.py` runs it in place of the agents, so that what the engine costs stands beside what its peers cost, and
what lies between that and a stage is what the product does with a record. State on RocksDB, micro-batches,
headers, marking as done: all as for every other agent. So a changelog gets one record a key and batch, where
the peers' tutorials write one an event, and a record is read by msgspec, without what nobody asks for.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from faust.types import EventT

from cxstream.engine.agent import BatchAgent, Desk, Reply
from cxstream.engine.state import StateTable, Write
from cxstream.engine.work import States, Step
from cxstream.pipeline import Outbound


class Count(msgspec.Struct, tag="cx.count.v1", tag_field="schema", frozen=True):
    """What goes out."""

    id: str
    count: int


class Keyed(msgspec.Struct):
    """What is read of a record."""

    conversation_id: str


class Tally:
    """What is kept under a key."""

    def __init__(self, count: int = 0) -> None:
        self.count = count


class CountingAgent(BatchAgent):
    """Counts records by their conversation."""

    stage = "counting"
    _reads: ClassVar[msgspec.json.Decoder[Keyed]] = msgspec.json.Decoder(Keyed)

    def __init__(self, desk: Desk, table: StateTable) -> None:
        super().__init__(desk)
        self.table: StateTable = table

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """One output an event, one state a key and batch."""
        states = States(self._load, lambda tally: b"%d" % tally.count)
        replies: list[Reply] = []
        for event in batch:
            name = self._reads.decode(event.message.value).conversation_id
            replies += self._stepped(states, event, name.encode(), _counted(name))
        return replies, list(states.writes())

    def _load(self, partition: int, key: bytes) -> Tally:
        return Tally(int(self.table.get(partition, key) or b"0"))


def _counted(name: str) -> Step[Tally]:
    def step(tally: Tally) -> list[Outbound]:
        tally.count += 1
        count: Any = Count(f"{name}-{tally.count}", tally.count)  # none of the product's records
        return [Outbound("signals", name, count)]

    return step
