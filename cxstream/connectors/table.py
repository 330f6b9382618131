"""Plain CSV: one row is one thing that was said.

    conversation_id,time,role,text
    c-17,2026-11-23T10:00:04Z,customer,I was charged twice
    c-17,2026-11-23T10:00:09Z,agent,Let me look

`conversation_id` and `text` must be there; `time` (RFC 3339), `role`, `fragment_id`, `channel`,
`customer_id`, `agent_id`, `queue`, `language` may be, and `event_time` and `speaker`, as a fragment calls
them, stand for `time` and `role`; other columns are not looked at. Commas, semicolons or tabs. Without
`time` rows follow each other by five seconds from a fixed instant. Each conversation is taken to be over
after its last row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cxstream.connectors.shaped import control
from cxstream.errors import RecordError
from cxstream.events import ControlKind, Fragment, Source, Transcript, from_ms
from cxstream.listen.decode import decode_record
from cxstream.listen.files import OnUnreadable, open_bytes, unreadable, whole

COLUMNS = (
    "conversation_id",
    "text",
    "time",
    "role",
    "fragment_id",
    "channel",
    "customer_id",
    "agent_id",
    "queue",
    "language",
)
_ALSO = {"event_time": "time", "speaker": "role"}
_NEEDED = frozenset(COLUMNS[:2])
_SAME = frozenset(COLUMNS) - {"time", "role", "fragment_id"}
_FIRST_MS = 1_767_603_600_000
_APART_MS = 5_000
_SOURCE = Source(vendor="csv", connector="replay")


def read_csv(path: Path, *, on_unreadable: OnUnreadable | None = None) -> Iterator[Transcript]:
    """The rows as finals, in the order of their times; the whole file is held. See `files.Reader`."""
    with open_bytes(path) as file:
        try:
            text = whole(file, path).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise RecordError("not_utf8", field=path.name, mend="save the file as UTF-8") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        said = _read_rows(rows, path.name, on_unreadable)
    except csv.Error as error:  # what is no CSV from here on
        field = f"{path.name}:{rows.line_num + 1}"
        mend = f"save it as plain CSV: {error}"
        raise RecordError("bad_value", field=field, mend=mend) from error
    said.sort(key=lambda fragment: fragment.event_time or from_ms(0))
    last = {fragment.conversation_id: number for number, fragment in enumerate(said)}
    for number, fragment in enumerate(said):
        yield fragment
        if last[fragment.conversation_id] == number:
            yield control(
                ControlKind.ENDED,
                fragment.conversation_id,
                _SOURCE,
                event_time=fragment.event_time,
                channel=fragment.channel,
                reason="completed",
            )


def _read_rows(
    rows: csv.DictReader[str], name: str, on_unreadable: OnUnreadable | None
) -> list[Fragment]:
    lacking = _NEEDED - set(rows.fieldnames or ())
    if lacking:
        mend = f"name the columns in the first row; these are missing: {', '.join(sorted(lacking))}"
        raise RecordError("missing_field", field=f"{name}:1", mend=mend)
    named = list(rows.fieldnames or ())
    rows.fieldnames = [n if _ALSO.get(n, n) in named else _ALSO.get(n, n) for n in named]
    said: list[Fragment] = []
    places: dict[str, int] = {}
    for row in rows:
        place = places[row["conversation_id"]] = places.get(row["conversation_id"], -1) + 1
        value = _record(row, rows.line_num, place)
        try:
            decoded = decode_record(value)
            assert isinstance(decoded, Fragment)
            said.append(decoded)
        except RecordError as error:
            unreadable(value, f"{name}:{rows.line_num}", error, on_unreadable)
    return said


def _record(row: dict[str, str], line: int, place: int) -> bytes:
    """The row as the record that it stands for, so that what is wrong with it is named by its field."""
    told = {name: row[name] for name in _SAME if row.get(name)}
    record = {
        "schema": "cx.fragment.v1",
        **told,
        "text": row.get("text") or "",
        "fragment_id": row.get("fragment_id") or f"row-{line}",
        "event_time": row.get("time") or from_ms(_FIRST_MS + place * _APART_MS),
        "speaker": {"role": row["role"]} if row.get("role") else {"role_source": "unknown"},
        "source": _SOURCE,
    }
    if row.get("time"):
        record["event_time"] = row["time"].strip().replace(" ", "T", 1)
    return msgspec.json.encode(record)
