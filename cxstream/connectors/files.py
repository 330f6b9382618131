"""Recordings in the vendors' own formats: the same payloads from a file, by the same connectors.

One payload a line: JSON, or a form's fields (`CallSid=CA1&Track=...`, or as a JSON object of texts). An
e-mail is a file of its own. A file may hold several conversations where the vendor names them; where it
does not, the file's name does. Vendors that count from the start of the audio start at `STARTED_MS`, unless
`started` says otherwise, so that a replay is the same every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec.structs import replace

from cxstream.connectors import registry
from cxstream.connectors.connector import Connector
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import form_body, json_body
from cxstream.connectors.table import read_csv
from cxstream.connectors.vcon import read_vcon
from cxstream.errors import RecordError
from cxstream.events import Transcript
from cxstream.listen.files import OnUnreadable, Reader, lines, open_bytes, unreadable, whole
from cxstream.listen.readers import FORMATS

STARTED_MS = 1_767_603_600_000
"""2026-01-05T09:00:00Z, a Monday morning."""


def names() -> list[str]:
    """Every format there is a reader for."""
    return sorted({*FORMATS, *_OURS, *registry.names()})


def reader(name: str, session: Session | None = None) -> Reader:
    """The reader of a format; `session` says what an address would say. Raises `SettingsError`."""
    known = FORMATS.get(name) or _OURS.get(name)
    if known is not None:
        return known
    return _reader(registry.connector(name), session or Session(name=name))


_OURS: dict[str, Reader] = {"csv": read_csv, "vcon": read_vcon}


def _reader(connector: Connector, session: Session) -> Reader:
    if session.started_ms is None:
        session = replace(session, started_ms=STARTED_MS)

    def read(path: Path, *, on_unreadable: OnUnreadable | None = None) -> Iterator[Transcript]:
        known = session
        for place, value, parse in _values(path, connector):
            try:
                payload = parse(value)
                known = connector.remember(known, payload)
                known, records = _records(connector, payload, known, path)
            except RecordError as error:
                unreadable(value, place, error, on_unreadable)
            else:
                yield from records

    return read


def _records(
    connector: Connector, payload: Payload, session: Session, path: Path
) -> tuple[Session, list[Transcript]]:
    """The records; where nothing names the conversation, the file does from then on."""
    try:
        return session, connector.records(payload, session)
    except RecordError as error:
        if error.field != "conversation_id":
            raise
    session = replace(session, conversation_id=path.name.split(".", 1)[0])
    return session, connector.records(payload, session)


def _values(
    path: Path, connector: Connector
) -> Iterator[tuple[str, bytes, Callable[[bytes], Payload]]]:
    with open_bytes(path) as file:
        if connector.body == "mime":
            yield path.name, whole(file, path), lambda raw: {"raw": raw}
            return
        for number, line in lines(file):
            if line := line.strip():
                form = connector.body == "form" and not line.startswith(b"{")
                yield f"{path.name}:{number}", line, form_body if form else json_body
