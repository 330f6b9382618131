"""cx.transcripts -> cx.signals: one table value a conversation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from faust.types import EventT

from cxstream.context.conversation import Conversation
from cxstream.context.snapshot import dump, load_conversation
from cxstream.engine.agent import BREATH, ROUND, BatchAgent, Desk, Reply, Tidied
from cxstream.engine.codec import Cause, Place, place_of
from cxstream.engine.scoring import ScoringPool
from cxstream.engine.state import StateTable, Write
from cxstream.engine.work import States, Step
from cxstream.errors import RecordError
from cxstream.pipeline import ConversationHop, Heard, Rung
from cxstream.understand.scorer import Reading

_UNKNOWN: Final = Conversation(id="")
"""Stands for a conversation whose state is not at hand: it would take whatever is said."""

SILENCE_MS = 30 * 60_000
"""A conversation that was silent for so long is over; one that is over is forgotten after as long again."""


class ConversationAgent(BatchAgent):
    """Transcripts to signals: reads, scores the batch in one pass, folds in order."""

    stage = "conversations"

    def __init__(
        self,
        desk: Desk,
        hop: ConversationHop,
        pool: ScoringPool,
        table: StateTable,
        *,
        source: str,
    ) -> None:
        super().__init__(desk, source)
        self._hop = hop
        self._pool = pool
        self._ahead: dict[Place, Heard | Reply] = {}
        self.table: StateTable = table

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """The batch's texts scored, then each record in order, while the next batch's are being scored."""
        states = States(self._load, dump)
        rung = self._desk.overload.rung
        read = [await self._heard(event, rung) for event in batch]
        self._desk.overload.shed("partials", read.count(None))
        said = self._said(batch, read, states.get)
        texts = [text for heard, text in said if self._hop.scores(heard, rung)]
        self._desk.overload.shed("agent_scores", len(said) - len(texts))
        began = time.perf_counter()
        readings = await self._pool.read(texts, lightly=rung >= Rung.LIGHT)
        await self._look_ahead(states, rung)
        if readings:
            self._desk.observer.took("score", time.perf_counter() - began)
            degraded = sum(reading.scores.degraded for reading in readings.values())
            self._desk.observer.scored(len(readings), degraded)
            if rung >= Rung.LIGHT:
                self._desk.overload.shed("transformer", degraded)
            else:
                self._desk.observer.saw([readings[text] for text in texts])
        replies: list[Reply] = []
        for number, (event, heard) in enumerate(zip(batch, read, strict=True)):
            if number % BREATH == BREATH - 1:
                await asyncio.sleep(0)
            if heard is None:
                continue
            if isinstance(heard, Reply):  # read ahead perhaps, before its record had a span
                replies.append(heard._replace(cause=self._spans.cause(event)))
                continue
            text = getattr(heard.record, "text", "") if self._hop.scores(heard, rung) else ""
            step = self._step(heard, readings.get(text), rung)
            replies += self._stepped(states, event, _key(heard), step)
        return replies, list(states.writes())

    async def _look_ahead(self, states: States[Conversation], rung: Rung) -> None:
        """Read what waits behind the batch, and have it scored meanwhile. It stays where it waits.

        What the records in hand will change about it is not known yet, nor is a state loaded for it alone:
        `think` asks again, and a text that is scored in vain is all that can come of it.
        """
        if self._batches is None or rung >= Rung.LIGHT:
            return
        coming = self._batches.upcoming(self._desk.batch_max)
        read = [await self._heard(event, rung) for event in coming]
        self._ahead = {
            place_of(event.message): heard
            for event, heard in zip(coming, read, strict=True)
            if heard is not None
        }

        def state_of(partition: int, key: bytes) -> Conversation:
            return states.touched(partition, key) or _UNKNOWN

        self._pool.ahead([text for _, text in self._said(coming, read, state_of)])

    def _said(
        self,
        events: list[EventT],
        read: list[Heard | Reply | None],
        state_of: Callable[[int, bytes], Conversation],
    ) -> list[tuple[Heard, str]]:
        """What has to be scored of the records, if there is time for it."""
        return [
            (heard, text)
            for event, heard in zip(events, read, strict=True)
            if isinstance(heard, Heard)
            and (text := self._hop.to_score(state_of(event.message.partition, _key(heard)), heard))
            is not None
        ]

    async def _heard(self, event: EventT, rung: Rung) -> Heard | Reply | None:
        """The record read, once, however often it is looked at; None for what is passed over on this rung."""
        known = self._ahead.pop(place_of(event.message), None)
        if self._hop.passes_over(event.message.value, rung):
            return None
        if known is not None:
            return known
        if event.message.offset % BREATH == 0:
            await asyncio.sleep(0)
        return self._read(event)

    def _timing_out(self, now_ms: int) -> Step[Conversation]:
        return lambda state: self._hop.time_out(state, now_ms)

    def _step(self, heard: Heard, reading: Reading | None, rung: Rung) -> Step[Conversation]:
        return lambda state: self._hop.hear(state, heard, reading, rung)

    def _read(self, event: EventT) -> Heard | Reply:
        message = event.message
        try:
            return self._hop.read(
                message.value,
                key=message.key,
                arrival_ms=int(message.timestamp * 1000),
                believed_ms=self._desk.arrivals.ms(message.timestamp),
            )
        except RecordError as error:
            return self._dead_letter(event, error)

    def tidy(self) -> Tidied:
        """End what nobody ended; drop what ended long enough ago that nothing late will come."""
        states = States(partial(self._load, seldom=True), dump)
        replies: list[Reply] = []
        drops: list[Write] = []
        silent = list(self._silent())
        for partition, key, now_ms in silent:
            try:
                if states.get(partition, key).arc.ended_ms:
                    drops.append((partition, key, None))
                    continue
                outs = states.step(partition, key, self._timing_out(now_ms))
            except RecordError:
                drops.append(self._as_it_is(partition, key))
                continue
            replies += [Reply(out, Cause(now_ms)) for out in outs]
        return Tidied(replies, [*states.writes(), *drops], more=len(silent) >= ROUND)

    def _load(self, partition: int, key: bytes, *, seldom: bool = False) -> Conversation:
        data = self.table.get(partition, key, seldom=seldom)
        return load_conversation(data) if data else Conversation(id=key.decode())


def _key(heard: Heard) -> bytes:
    return heard.record.conversation_id.encode()
