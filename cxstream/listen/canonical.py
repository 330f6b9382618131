"""Files of canonical records: one JSON object a line (.jsonl, .jsonl.gz), or one JSON array of them.

The order of the lines is the order of arrival and is kept, so that a file can hold a late or repeated
fragment on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from cxstream.errors import UNREADABLE, RecordError
from cxstream.events import Transcript
from cxstream.listen.decode import decode_record
from cxstream.listen.faults import explain
from cxstream.listen.files import OnUnreadable, lines, open_bytes, unreadable, whole

_BOM = b"\xef\xbb\xbf"
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


def read_canonical(
    path: Path, *, on_unreadable: OnUnreadable | None = None
) -> Iterator[Transcript]:
    """The records of a file, in its order; blank lines are skipped. See `files.Reader` for errors."""
    with open_bytes(path) as file:
        for place, value in _values(file, path.name, on_unreadable):
            try:
                record = decode_record(value)
            except RecordError as error:
                unreadable(value, place, error, on_unreadable)
            else:
                yield record


def _values(
    file: BinaryIO, name: str, on_unreadable: OnUnreadable | None
) -> Iterator[tuple[str, bytes]]:
    """Each record's bytes with its place: `calls.jsonl:12`, or `calls.json[11]` in an array."""
    for number, line in lines(file):
        line = line.removeprefix(_BOM).strip()
        if line.startswith(b"["):
            yield from _array(line + b"\n" + whole(file, Path(name)), name, on_unreadable)
            return
        if line:
            yield f"{name}:{number}", line


def _array(
    value: bytes, name: str, on_unreadable: OnUnreadable | None
) -> Iterator[tuple[str, bytes]]:
    try:
        items = _ARRAY.decode(value)
    except UNREADABLE as error:
        unreadable(value, name, explain(error, value), on_unreadable)
        return
    for index, item in enumerate(items):
        yield f"{name}[{index}]", bytes(item)
