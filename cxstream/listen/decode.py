"""Bytes from `cx.transcripts` to a Fragment or a Control, or a RecordError that says how to mend them.

The fast path is one msgspec decode and a handful of comparisons (about two microseconds). Only what it
refuses is looked at again: mended in form where that cannot misread anything (mend.py), else explained
(faults.py). Whatever comes in, nothing but a record or a RecordError comes out, and what comes out can
be encoded again.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from cxstream.errors import UNREADABLE, RecordError
from cxstream.events import Control, Transcript, from_ms
from cxstream.listen.clock import settle_time
from cxstream.listen.faults import LARGEST, bad_time, explain, refuse, wrong_schema
from cxstream.listen.mend import mend, parse

__all__ = [
    "MAX_BYTES",
    "MAX_TEXT",
    "clean_text",
    "decode_record",
    "decode_transcript",
    "settle_time",
]

MAX_TEXT = 20_000
"""Characters in one fragment; an hour of speech holds about 50,000."""

MAX_BYTES = 512 * 1024
"""Bytes in one message: 20,000 characters escaped as surrogate pairs, and room for the rest, twice."""

CHANNELS = frozenset({"voice", "chat", "sms", "email", "whatsapp", "social", "video"})

_DECODER = msgspec.json.Decoder(Transcript)
_SCHEMAS = ("cx.fragment.v1", "cx.control.v1")
_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNSAFE_IN_ID = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)


def decode_transcript(value: bytes | None, *, key: bytes | None, arrival_ms: int) -> Transcript:
    """One message of `cx.transcripts` as a record; a record without any time is stamped with its arrival.

    `key` is the Kafka key and must be the conversation_id, because the order of a conversation holds
    only within its key; None means that the record did not come by Kafka, b"" that it had no key.
    `arrival_ms`: UTC epoch milliseconds of the message. Raises RecordError with a reason out of
    `faults.REASONS` (NewerRecord for a later schema): dead-letter the message and go on.
    Pure: the same message gives the same record.
    """
    record = decode_record(value)
    if key is not None and key != record.conversation_id.encode():
        refuse("key_mismatch", "$.conversation_id", "set the Kafka key to `conversation_id`")
    if record.event_time is None and record.ingest_time is None:
        record = msgspec.structs.replace(record, ingest_time=from_ms(max(0, arrival_ms)))
    return record


def decode_record(value: bytes | None) -> Transcript:
    """One JSON record, wherever it comes from; see `decode_transcript`."""
    if not value or value.isspace():
        refuse("empty", "$", "send a record, or nothing at all: there are no tombstones here")
    if len(value) > MAX_BYTES:
        refuse("too_large", "$", f"split it: a message has at most {MAX_BYTES} bytes")
    # Beside a `stage` left out, `is_final` would be overlooked and a partial taken for a final.
    if b'"is_final"' in value:
        return _checked(_decode_slowly(value))
    try:
        record: Transcript = _DECODER.decode(value)
    except UNREADABLE as error:
        record = _decode_slowly(value, error)
    return _checked(record)


def clean_text(text: str) -> str:
    """Text without control characters, direction marks and zero-width spaces; line ends become \\n."""
    return _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))


def _decode_slowly(value: bytes, first: Exception | None = None) -> Transcript:
    value = value.removeprefix(_BOM).strip()
    try:
        found = parse(value)
        if isinstance(found, dict):
            found = mend(found)
            if found.get("schema", _SCHEMAS[0]) not in _SCHEMAS:
                raise wrong_schema(found["schema"])
        record: Transcript = msgspec.convert(found, Transcript)
    except RecordError:
        raise
    except UNREADABLE as error:
        # Without types a number out of range has no field; the first look knew its name.
        known = first if first is not None and "$[...]" in str(error) else error
        raise explain(known, value) from None
    return record


def _checked(record: Transcript) -> Transcript:
    """The record, cleaned of what no text needs; raises RecordError for what its types cannot say."""
    _check_zone("event_time", record.event_time)
    _check_zone("ingest_time", record.ingest_time)
    _check_id("conversation_id", record.conversation_id)
    _check_id("fragment_id", record.fragment_id)
    _check_id("customer_id", record.customer_id)
    _check_id("agent_id", record.agent_id)
    if record.channel is not None and record.channel not in CHANNELS:
        record = msgspec.structs.replace(record, channel=clean_text(record.channel).strip().lower())
    if isinstance(record, Control):
        return record
    _check_zone("clock_origin", record.clock_origin)
    _check_number("revision", record.revision, 0)
    _check_number("part", record.part, 0)
    _check_number("start_ms", record.start_ms, -LARGEST)
    _check_number("end_ms", record.end_ms, -LARGEST)
    if record.clears is not None:
        _check_number("clears.below", record.clears.below, 0)
    if len(record.text) > MAX_TEXT:
        refuse("too_large", "$.text", f"split it: a fragment has at most {MAX_TEXT} characters")
    if not record.text.isprintable():
        record = msgspec.structs.replace(record, text=clean_text(record.text))
    return record


def _check_zone(name: str, when: datetime | None) -> None:
    if when is not None and when.tzinfo is None:
        raise bad_time(f"$.{name}")


def _check_id(name: str, value: str | None) -> None:
    if value is not None and not value.isprintable() and _UNSAFE_IN_ID.search(value):
        refuse("bad_value", f"$.{name}", f"send `{name}` without control characters")


def _check_number(path: str, number: int | None, least: int) -> None:
    if number is not None and not least <= number <= LARGEST:
        name = path.rsplit(".", 1)[-1]
        refuse("bad_value", f"$.{path}", f"send `{name}` as a number from {least} to {LARGEST}")
