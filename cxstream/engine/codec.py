"""Records to bytes and back, with CloudEvents 1.0 headers in binary mode.

Header `cx-sent-ms` carries the wall-clock time a transcript record was sent, through both hops, so that the
time from event to decision can be measured even where the recorded event time is old. `traceparent` carries
the span that made the record, where there is one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol, TypeVar

import msgspec

from cxstream import events
from cxstream.errors import UNREADABLE, NewerRecord, RecordError
from cxstream.events import (
    Action,
    Approval,
    CustomerRecord,
    DeadLetter,
    Learnt,
    LedgerEvent,
    Lesson,
    Outcome,
    PlaybookEvent,
    Trace,
    record_id,
)
from cxstream.listen.faults import explain
from cxstream.listen.redact import Redactor
from cxstream.listen.unread import without_personal_data
from cxstream.pipeline import CustomerEvent

S = TypeVar("S")
Headers = list[tuple[str, bytes]]
SENT = "cx-sent-ms"
MAX_BYTES = (1024 + 64) * 1024
"""The longest record that our topics take (see `topics.TopicSpec`); dead letters are not read here."""
_TIME_DIGITS = 15
_SCHEMA = re.compile(r"Invalid value 'cx\.([a-z-]{1,40})\.v(\d{1,6})' - at `\$\.schema`\Z")
_NAMES = frozenset(
    str(kind.__struct_config__.tag).split(".")[1]
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__struct_config__.tag
)

_encoder = msgspec.json.Encoder(order="deterministic")
_signals: msgspec.json.Decoder[CustomerEvent] = msgspec.json.Decoder(CustomerEvent)
_customers = msgspec.json.Decoder(CustomerRecord)
_actions = msgspec.json.Decoder(Action)
_ledger_events = msgspec.json.Decoder(LedgerEvent)
_playbooks: msgspec.json.Decoder[PlaybookEvent] = msgspec.json.Decoder(PlaybookEvent)
_approvals = msgspec.json.Decoder(Approval)
_outcomes = msgspec.json.Decoder(Outcome)
_lessons = msgspec.json.Decoder(Lesson)
_learnt = msgspec.json.Decoder(Learnt)


class Place(NamedTuple):
    """Where a record was read."""

    topic: str
    partition: int
    offset: int


class Placed(Protocol):
    """A message as either of our Kafka clients hands it over."""

    topic: str
    partition: int
    offset: int


def place_of(message: Placed) -> Place:
    """Where a message was read."""
    return Place(message.topic, message.partition, message.offset)


class Cause(NamedTuple):
    """What a record carries on from the one that caused it: when that was sent, and the trace it is in."""

    sent_ms: int
    trace: Trace | None = None


def encode(record: msgspec.Struct) -> bytes:
    """One record as UTF-8 JSON; equal records give equal bytes."""
    return _encoder.encode(record)


def headers(record: msgspec.Struct, key: str, cause: Cause) -> Headers:
    """The CloudEvents attributes of a record, and what it carries on from its cause."""
    sent_ms, trace = cause
    schema = str(type(record).__struct_config__.tag)
    ce_id = getattr(record, "id", None) or record_id("event", schema, key, sent_ms)
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(ce_id).encode()),
        ("ce_type", schema.encode()),
        ("ce_source", b"/cxstream"),
        ("content-type", b"application/json"),
        (SENT, b"%d" % sent_ms),
        *(() if trace is None else ((name, v.encode()) for name, v in trace.headers())),
    ]


def cause(message_headers: Mapping[str, bytes] | Headers | None, timestamp_s: float) -> Cause:
    """What a message carries on: by its headers, else sent at Kafka's timestamp. Headers come from anybody."""
    given = dict(message_headers or ())
    return Cause(_sent_ms(given, timestamp_s), Trace.read(given))


def sent_ms(message_headers: Mapping[str, bytes] | Headers | None, timestamp_s: float) -> int:
    """When the transcript record that caused a message was sent, as `cause` says it."""
    return _sent_ms(dict(message_headers or ()), timestamp_s)


def _sent_ms(given: Mapping[str, bytes], timestamp_s: float) -> int:
    sent = given.get(SENT) or b""
    stamped = sent.isdigit() and len(sent) <= _TIME_DIGITS
    return int(sent) if stamped else int(timestamp_s * 1000)


def decode_signal(value: bytes | None) -> CustomerEvent:
    """What the customer agent reads. Raises `RecordError`; only a foreign writer can cause it."""
    return _decode(value, _signals)


def decode_customer(value: bytes | None) -> CustomerRecord:
    """What a CRM sends on `cx.customers`. Raises `RecordError` with the field and the mend."""
    return _decode(value, _customers)


def decode_action(value: bytes | None) -> Action:
    """What executors read. Raises `RecordError`."""
    return _decode(value, _actions)


def decode_ledger_event(value: bytes | None) -> LedgerEvent:
    """What executors and deciders say on `cx.ledger-events`. Raises `RecordError`."""
    return _decode(value, _ledger_events)


def decode_playbook(value: bytes | None) -> PlaybookEvent:
    """What lies on `cx.playbooks`. Raises `RecordError` with the field and the mend."""
    return _decode(value, _playbooks)


def decode_approval(value: bytes | None) -> Approval:
    """What supervisors send on `cx.approvals`. Raises `RecordError` with the field and the mend."""
    return _decode(value, _approvals)


def decode_outcome(value: bytes | None) -> Outcome:
    """What desktops and executors send on `cx.outcomes`. Raises `RecordError` with the field and the mend."""
    return _decode(value, _outcomes)


def decode_lesson(value: bytes | None) -> Lesson:
    """What the customers' agent says on `cx.lessons`. Raises `RecordError`."""
    return _decode(value, _lessons)


def decode_learnt(value: bytes | None) -> Learnt:
    """What is believed, on `cx.learnt`. Raises `RecordError`."""
    return _decode(value, _learnt)


def dead_letter(
    error: RecordError, place: Place, key: bytes | None, value: bytes | None, redactor: Redactor
) -> DeadLetter:
    """What could not be read, whole but for personal data, with the reason and its place."""
    whole = value or b""
    kept = without_personal_data(whole, redactor)
    text, encoding = _as_text(kept)
    return DeadLetter(
        id=record_id("dead", *place),
        reason=error.reason,
        field=error.field,
        mend=error.mend,
        topic=place.topic,
        partition=place.partition,
        offset=place.offset,
        value=text,
        encoding=encoding,
        key=None if key is None else key.decode("utf-8", "replace"),
        masked=kept != whole,
    )


def _as_text(value: bytes) -> tuple[str, Literal["utf-8", "base64"]]:
    try:
        return value.decode(), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(value).decode(), "base64"


def _decode(value: bytes | None, decoder: msgspec.json.Decoder[S]) -> S:
    if value is not None and len(value) > MAX_BYTES:
        raise RecordError("too_large", field="$", mend=f"a record has at most {MAX_BYTES} bytes")
    try:
        return decoder.decode(value or b"")
    except UNREADABLE as error:
        if said := _SCHEMA.match(str(error)):
            raise _wrong_schema(said[1], int(said[2])) from error
        raise explain(error, value or b"") from error


def _wrong_schema(name: str, version: int) -> RecordError:
    """A record of a later version than ours, or one that belongs on another topic."""
    if version > 1 and name in _NAMES:
        mend = f"this cxstream reads cx.{name}.v1; update it, or let the writer write v1"
        return NewerRecord("newer_schema", field="$.schema", mend=mend)
    mend = "this topic carries other records; send this one elsewhere"
    return RecordError("unknown_schema", field="$.schema", mend=mend)
