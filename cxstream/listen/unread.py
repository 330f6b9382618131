"""What could not be read, without the personal data in it: a dead letter may outlive the transcript.

A JSON record keeps its shape: strings are redacted where they stand, long numbers become a mask, and what
names or dates the record (ids, times, schema) stays, so that it can be mended and sent again. Whatever else
came is redacted as text.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cxstream.events import Control, CustomerRecord, Fragment, Signal, Source, Speaker
from cxstream.listen.redact import Redactor

_SAID: Final = frozenset(("text", "reason", "labels", "label", "attributes", "conversation"))
_STRUCTURE: Final = (
    frozenset(
        field.encode_name
        for record in (Fragment, Control, Signal, CustomerRecord, Source, Speaker)
        for field in msgspec.structs.fields(record)
    ).union(("schema",))
    - _SAID
)
_NUMBER_FROM: Final = 10**8


def without_personal_data(value: bytes, redactor: Redactor) -> bytes:
    """The bytes of a record with masks where personal data stood; the same bytes when there was none."""
    try:
        record = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _as_text(value, redactor)
    masked = _masked(record, "", redactor)
    return value if masked == record else msgspec.json.encode(masked)


def _as_text(value: bytes, redactor: Redactor) -> bytes:
    encoding = "utf-8"
    try:
        text = value.decode(encoding)
    except UnicodeDecodeError:
        encoding = "latin-1"  # every byte is a character there, and comes back as it was
        text = value.decode(encoding)
    return redactor.redact(text).text.encode(encoding, "replace")


def _masked(value: object, name: str, redactor: Redactor) -> object:
    if isinstance(value, str):
        return value if name in _STRUCTURE else redactor.redact(value).text
    if isinstance(value, dict):
        return {key: _masked(part, key, redactor) for key, part in value.items()}
    if isinstance(value, list):
        return [_masked(part, name, redactor) for part in value]
    if isinstance(value, int | float) and name not in _STRUCTURE and abs(value) >= _NUMBER_FROM:
        return "[NUMBER]"
    return value
