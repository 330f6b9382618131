"""The one way in: a record is checked, what is personal in it masked, written, and answered for.

Accepted means that Kafka has it. Whoever gets no answer, or `unavailable`, sends the record again as it
was: a record that comes twice counts once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from msgspec.structs import replace
from pydantic import BaseModel, Field

from cxstream.desk.ports import DeskObserver, TranscriptWriter
from cxstream.errors import EngineError, RecordError
from cxstream.events import Control, Fragment, Trace, Transcript, from_ms, record_id
from cxstream.listen.decode import decode_record
from cxstream.listen.redact import Redactor

NATIVE = "native"
UNAVAILABLE = "unavailable"
_AGAIN = "Kafka did not take it in time: send it again; what comes twice counts once"


class Answer(BaseModel):
    """What became of one record: accepted (Kafka has it), or why not and how to mend it."""

    accepted: bool
    id: str | None = Field(None, description="its fragment_id, or control_id")
    reason: str | None = None
    field: str | None = None
    mend: str | None = None


class Intake:
    """Takes records of all kinds of senders. `clock_ms` gives the time of day, UTC epoch milliseconds."""

    def __init__(
        self,
        *,
        writer: TranscriptWriter,
        redactor: Redactor,
        observer: DeskObserver,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._writer = writer
        self._redactor = redactor
        self.observer = observer
        self._clock_ms = clock_ms

    async def take(
        self,
        values: Sequence[bytes],
        connector: str = NATIVE,
        headers: Mapping[str, str] | None = None,
    ) -> list[Answer]:
        """Take records of our own format, as JSON; one answer each, in order.

        `headers` are the request's: one record goes on in its trace, of several each begins its own.
        """
        trace = Trace.read(headers, shared=len(values) > 1)
        pending = [await self.post(value, connector, trace) for value in values]
        return list(await asyncio.gather(*pending))

    async def take_records(
        self,
        records: Sequence[Transcript],
        connector: str,
        headers: Mapping[str, str] | None = None,
    ) -> list[Answer]:
        """Take what a connector made; it is checked as if it had come as JSON."""
        return await self.take([msgspec.json.encode(r) for r in records], connector, headers)

    async def post(
        self, value: bytes, connector: str = NATIVE, trace: Trace | None = None
    ) -> Awaitable[Answer]:
        """Hand one record to Kafka; the answer comes when it is safe. Keeps the order of the calls.

        Waits while the producer's buffer is full: whoever reads from a socket stops reading meanwhile.
        """
        began = time.monotonic()
        try:
            record = self._mask(decode_record(value))
        except RecordError as error:
            self.observer.received(connector, error.reason)
            return _settled(
                Answer(accepted=False, reason=error.reason, field=error.field, mend=error.mend)
            )
        if record.ingest_time is None:
            record = replace(record, ingest_time=from_ms(self._clock_ms()))
        answer = Answer(accepted=True, id=_id(record))
        try:
            safe = await self._writer.write(record, trace)
        except EngineError:
            self.observer.received(connector, UNAVAILABLE)
            return _settled(_unavailable(answer))
        return self._answered(safe, answer, connector, began)

    async def _answered(
        self, safe: Awaitable[None], answer: Answer, connector: str, began: float
    ) -> Answer:
        try:
            await safe
        except EngineError:
            self.observer.received(connector, UNAVAILABLE)
            return _unavailable(answer)
        self.observer.written_after(time.monotonic() - began)
        self.observer.received(connector, "accepted")
        return answer

    def _mask(self, record: Transcript) -> Transcript:
        """The record without personal data, wherever people write freely."""
        if isinstance(record, Control):
            labels = {name: self._masked(said) for name, said in record.labels.items()}
            return replace(record, labels=labels) if labels != record.labels else record
        speaker = record.speaker
        if speaker.label:
            speaker = replace(speaker, label=self._masked(speaker.label))
        if speaker.id and self._masked(speaker.id) != speaker.id:  # a number or address for a name
            speaker = replace(speaker, id=record_id("person", speaker.id))
        return replace(record, text=self._masked(record.text), speaker=speaker)

    def _masked(self, text: str) -> str:
        redacted = self._redactor.redact(text)
        for kind, count in redacted.counts.items():
            self.observer.redacted(kind, count)
        return redacted.text


def _id(record: Transcript) -> str | None:
    return record.fragment_id if isinstance(record, Fragment) else record.control_id


def _unavailable(answer: Answer) -> Answer:
    return Answer(accepted=False, id=answer.id, reason=UNAVAILABLE, field="$", mend=_AGAIN)


async def _settled(answer: Answer) -> Answer:
    return answer
