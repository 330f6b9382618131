"""What is wrong with a record, in words a telephony engineer can act on.

Every refusal has one reason out of `REASONS` (a metric label and a dead letter's `reason`), the JSON path
of the field at fault, and one sentence on how to mend it. No sentence repeats a value of the record: what
a customer said must not leave through an error message.
"""

from __future__ import annotations

import re
from typing import NoReturn

import msgspec

from cxstream.errors import NewerRecord, RecordError
from cxstream.events import ControlKind, RoleSource, Stage

REASONS: dict[str, str] = {
    "empty": "the message has no value, or only white space",
    "not_utf8": "the bytes are not UTF-8",
    "not_json": "the text is not one JSON value",
    "too_deep": "lists or objects are nested too deeply to be a record",
    "too_large": "the message or its text is longer than one fragment may be",
    "wrong_type": "a field holds another kind of value than it should",
    "missing_field": "a field that every record needs is not there",
    "bad_value": "a field has the right type but a value outside what is allowed",
    "bad_time": "a time is not RFC 3339, or has no time zone",
    "unknown_schema": "`schema` names no record that this topic carries",
    "newer_schema": "`schema` is a later version than this cxstream knows",
    "key_mismatch": "the Kafka key is not the record's conversation_id",
}
"""The bounded vocabulary of `RecordError.reason`, each with its meaning."""

EXAMPLE_TIME = "2026-11-23T10:00:00Z"
LARGEST = 2**53
"""Whole numbers above this are not exact in JSON everywhere, so none is taken."""

_AT = re.compile(r" - at `(\$[^`]*)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")
_EXPECTED = re.compile(r"^Expected `([^`]+)`, got `(\w+)`")
_BOUND = re.compile(r"^Expected `(\w+)` (of length )?([<>]=) ([\d.]+)")
_SCHEMA = re.compile(r"cx\.(fragment|control)\.v([1-9]\d{0,5})")

_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
    "datetime": f"a time with its zone, such as {EXAMPLE_TIME}",
}
_GOT = _WORDS | {"int": "a number", "float": "a number with a fraction"}
_CHOICES = {
    "stage": [stage.value for stage in Stage],
    "type": [kind.value for kind in ControlKind],
    "role_source": [source.value for source in RoleSource],
    "text_format": ["plain", "html", "markdown"],
    "visibility": ["public", "internal"],
    "clock": ["conversation", "stream", "none"],
    "state": ["none", "masked", "unknown"],
}
_NEEDED = {
    "schema": 'add `schema`: "cx.fragment.v1" for what was said, "cx.control.v1" for what happened',
    "conversation_id": "add `conversation_id`, the id of the call or chat, the same on all its records",
    "fragment_id": "add `fragment_id`, the same for every revision of one utterance",
    "text": "add `text`; an utterance that came out empty has an empty string",
    "type": "add `type`, such as conversation.started or conversation.ended",
}


def refuse(reason: str, field: str, mend: str) -> NoReturn:
    """Raise the RecordError; `reason` must be one of REASONS."""
    raise RecordError(reason, field=field, mend=mend)


def wrong_schema(found: object) -> RecordError:
    """The error for a `schema` that is not one of ours: newer, unknown, or no string."""
    if not isinstance(found, str):
        return RecordError("wrong_type", field="$.schema", mend="send `schema` as a string")
    version = _SCHEMA.fullmatch(found)
    if version is not None and int(version[2]) > 1:
        return NewerRecord(
            "newer_schema",
            field="$.schema",
            mend=f"this cxstream reads cx.{version[1]}.v1; update it, or let the producer send v1",
        )
    return RecordError(
        "unknown_schema",
        field="$.schema",
        mend="this topic carries cx.fragment.v1 and cx.control.v1; send other records elsewhere",
    )


def explain(error: Exception, value: bytes) -> RecordError:
    """The RecordError for what msgspec said of `value`; never holds any part of `value`."""
    if isinstance(error, RecursionError):
        return RecordError("too_deep", field="$", mend="send a flat record; see the JSON Schema")
    if not isinstance(error, msgspec.ValidationError):
        return _not_json(error, value)
    message = str(error)
    place = _AT.search(message)
    path = place[1] if place else "$"
    name = path.replace("[...]", "").rsplit(".", 1)[-1]
    if missing := _MISSING.search(message):
        needed = missing[1]
        mend = _NEEDED.get(needed, f"add `{needed}`") if path == "$" else f"add `{needed}`"
        return RecordError("missing_field", field=f"{path}.{needed}", mend=mend)
    if "RFC3339" in message:
        return bad_time(path)
    if expected := _EXPECTED.match(message):
        wanted, got = expected[1].split(" | ")[0], expected[2]
        if wanted == "datetime":
            return bad_time(path, got)
        what = "a record" if path == "$" else f"`{name}`"
        if path.endswith("[...]"):
            what = f"every value in {what}"
        mend = f"send {what} as {_WORDS.get(wanted, wanted)}; got {_GOT.get(got, got)}"
        return RecordError("wrong_type", field=path, mend=mend)
    if bound := _BOUND.match(message):
        if bound[2] and bound[3] == ">=":
            return RecordError("bad_value", field=path, mend=f"send `{name}` filled, not empty")
        side = "at least" if bound[3] == ">=" else "at most"
        unit = " characters" if bound[2] else ""
        number = bound[4].removesuffix(".0")
        return RecordError("bad_value", field=path, mend=f"send `{name}` of {side} {number}{unit}")
    if "out of range" in message:
        return RecordError("bad_value", field=path, mend=f"send `{name}` as a smaller number")
    if name in _CHOICES:
        mend = f"send `{name}` as one of {', '.join(_CHOICES[name])}"
        return RecordError("bad_value", field=path, mend=mend)
    return RecordError("bad_value", field=path, mend=f"send `{name}` as the JSON Schema says")


def bad_time(path: str, got: str | None = None) -> RecordError:
    """The error for a time that is no RFC 3339 instant; `got` is the JSON type found instead of text."""
    name = path.rsplit(".", 1)[-1]
    mend = f"`{name}` needs a date, a time and a time zone, e.g. {EXAMPLE_TIME}"
    if got is not None:
        mend = f"send `{name}` as text, e.g. {EXAMPLE_TIME}; got {_GOT.get(got, got)}"
    return RecordError("bad_time", field=path, mend=mend)


def _not_json(error: Exception, value: bytes) -> RecordError:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError as fault:
        mend = f"send UTF-8; the first byte that is not UTF-8 is byte {fault.start}"
        return RecordError("not_utf8", field="$", mend=mend)
    if value[:1] not in b"{[":
        return RecordError("not_json", field="$", mend="send one JSON object in each message")
    if "truncated" in str(error):
        return RecordError("not_json", field="$", mend="the JSON ends too early; send it whole")
    byte = re.search(r"\(byte (\d+)\)", str(error))
    where = f" near byte {byte[1]}" if byte else ""
    mend = f"send one valid JSON object; it breaks{where} (escape quotes and control characters)"
    return RecordError("not_json", field="$", mend=mend)
