"""vCon: finished conversations as the IETF writes them down, one JSON object, or one a line.

Text dialogs are messages; of a recorded call the transcript in `analysis` is read, segment by segment. A
party's role counts as told where it is there (contact-centre extension), a bot's by its type; else it is
unknown. Numbers and addresses of parties become pseudonyms. Lenient, because the IETF's own examples don't
hold to its schema.
Source: draft-ietf-vcon-vcon-core, draft-ietf-vcon-cc-extension, draft-howe-vcon-wtf-extension.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from cxstream.connectors.session import Session
from cxstream.connectors.shaped import control, json_body, plain, shaped, utc
from cxstream.errors import RecordError
from cxstream.events import (
    ControlKind,
    Fragment,
    Id,
    Role,
    RoleSource,
    Source,
    Speaker,
    Transcript,
)
from cxstream.listen.files import OnUnreadable, open_bytes, unreadable, whole

_SOURCE = Source(vendor="vcon", connector="replay")
_ROLES = {role.value: role for role in Role}
_CHANNELS = {"sms": "sms", "email": "email", "message/rfc822": "email"}


class _Party(Struct, frozen=True):
    tel: str | None = None
    mailto: str | None = None
    name: str | None = None
    uuid: str | None = None
    role: str | None = None
    type: str | None = None


class _Dialog(Struct, frozen=True):
    start: datetime
    type: str = "text"
    parties: Any = None
    originator: int | None = None
    duration: float = 0.0
    body: Any = None
    encoding: str = "none"
    mediatype: str = "text/plain"
    message_id: str | None = None


class _Analysis(Struct, frozen=True):
    type: str
    dialog: Any = None
    body: Any = None
    encoding: str = "none"


class _VCon(Struct, frozen=True):
    uuid: Id
    parties: list[_Party] = []
    dialog: list[_Dialog] = []
    analysis: list[_Analysis] = []


class _Segment(Struct, frozen=True):
    text: str
    start: float
    end: float
    speaker: int | str | None = None


def read_vcon(path: Path, *, on_unreadable: OnUnreadable | None = None) -> Iterator[Transcript]:
    """The conversations of a file in its order. See `files.Reader` for errors."""
    with open_bytes(path) as file:
        held = whole(file, path)
    lines = held.splitlines()
    one = len(lines) < 2 or not (lines[0].startswith(b"{") and lines[0].rstrip().endswith(b"}"))
    for number, value in enumerate([held] if one else lines, start=1):
        if not value.strip():
            continue
        try:
            records = sorted(_records(shaped(json_body(value), _VCon)), key=_when)
        except RecordError as error:
            place = path.name if one else f"{path.name}:{number}"
            unreadable(value, place, error, on_unreadable)
        else:
            yield from records


def _when(record: Transcript) -> tuple[datetime, bool]:
    assert record.event_time is not None
    return record.event_time, not isinstance(record, Fragment)


def _records(vcon: _VCon) -> Iterator[Transcript]:
    conversation = f"vcon:{vcon.uuid}"
    said = [*_messages(vcon, conversation), *_segments(vcon, conversation)]
    yield from said
    if said:
        last = max(said, key=_when)
        yield control(
            ControlKind.ENDED,
            conversation,
            _SOURCE,
            event_time=last.event_time,
            channel=last.channel,
            reason="completed",
        )


def _messages(vcon: _VCon, conversation: str) -> Iterator[Fragment]:
    for number, dialog in enumerate(vcon.dialog):
        if dialog.type == "text" and dialog.body is not None:
            yield Fragment(
                conversation_id=conversation,
                fragment_id=dialog.message_id or f"dialog-{number}",
                text=plain(_body(dialog.body, dialog.encoding, f"$.dialog[{number}].body")),
                speaker=_speaker(vcon, _originator(dialog)),
                channel=_CHANNELS.get(dialog.mediatype, "chat"),
                event_time=utc(dialog.start),
                source=_SOURCE,
            )


def _segments(vcon: _VCon, conversation: str) -> Iterator[Fragment]:
    for number, analysis in enumerate(vcon.analysis):
        dialog = _dialog_of(vcon, analysis)
        if analysis.type != "transcript" or dialog is None:
            continue
        at = f"$.analysis[{number}].body"
        body = analysis.body
        if isinstance(body, str):
            body = json_body(_body(body, analysis.encoding, at).encode("utf-8", "replace"))
        segments = shaped((body or {}).get("segments", []), list[_Segment], at)
        start = utc(dialog.start)
        assert start is not None
        for place, segment in enumerate(segments):
            yield Fragment(
                conversation_id=conversation,
                fragment_id=f"analysis-{number}:{place}",
                text=segment.text.strip(),
                speaker=_speaker(vcon, segment.speaker),
                start_ms=round(segment.start * 1000),
                end_ms=round(segment.end * 1000),
                clock="conversation",
                clock_origin=start,
                event_time=start + timedelta(seconds=segment.end),
                source=_SOURCE,
            )


def _dialog_of(vcon: _VCon, analysis: _Analysis) -> _Dialog | None:
    """The first dialog that an analysis is about."""
    about = analysis.dialog[0] if isinstance(analysis.dialog, list) else analysis.dialog
    place = about if isinstance(about, int) else 0
    return vcon.dialog[place] if 0 <= place < len(vcon.dialog) else None


def _originator(dialog: _Dialog) -> int | None:
    """Who speaks: the originator, else the first of the parties."""
    first: Any = dialog.parties
    while isinstance(first, list):
        first = first[0] if first else None
    return dialog.originator if dialog.originator is not None else first


def _speaker(vcon: _VCon, who: int | str | None) -> Speaker:
    """A party by its place in the list; a name that is none is kept as a label."""
    if isinstance(who, str) and who.isdecimal():
        who = int(who)
    if not isinstance(who, int) or not 0 <= who < len(vcon.parties):
        return Speaker(role_source=RoleSource.UNKNOWN, label=who if isinstance(who, str) else None)
    party = vcon.parties[who]
    role = _ROLES.get((party.role or "").lower()) or (Role.BOT if party.type == "bot" else None)
    return Speaker(
        role=role or Role.UNKNOWN,
        role_source=RoleSource.EXPLICIT if role else RoleSource.UNKNOWN,
        id=_person(party),
    )


def _person(party: _Party) -> str | None:
    if party.tel:
        return Session().pseudonym("tel", party.tel)
    return Session().pseudonym("mailto", party.mailto) if party.mailto else party.uuid


def _body(body: object, encoding: str, at: str) -> str:
    if encoding == "base64url" and isinstance(body, str):
        try:
            return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise RecordError("bad_value", field=at, mend="encode UTF-8 in base64url") from None
    return body if isinstance(body, str) else msgspec.json.encode(body).decode()
