"""A payload with types: what is missing or wrong in it is named by its path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from cxstream.connectors.session import Payload
from cxstream.errors import UNREADABLE, RecordError
from cxstream.events import Control, ControlKind, Role, RoleSource, Source, Speaker, record_id
from cxstream.listen.faults import explain

T = TypeVar("T")


def shaped(payload: object, shape: type[T], at: str = "$") -> T:
    """The payload as a `shape`; numbers and truth values may be written as text, as forms have them.

    Raises `RecordError` with the path of the field at fault, from `at` on.
    """
    try:
        return msgspec.convert(payload, shape, strict=False)
    except UNREADABLE as error:
        why = explain(error, b"{}")
        field = why.field.replace("$", at, 1)
        raise RecordError(why.reason, field=field, mend=why.mend) from None


def json_body(body: bytes) -> Payload:
    """A JSON object; a field that is null is not there. Raises `RecordError`."""
    try:
        found = msgspec.json.decode(body)
        found = _told(found) if b"null" in body else found
    except UNREADABLE as error:
        raise explain(error, body) from None
    if not isinstance(found, dict):
        raise RecordError("wrong_type", field="$", mend="send one JSON object")
    return found


def inner_json(text: str, at: str) -> Payload:
    """A JSON object that stands as text inside a field. Raises `RecordError` naming the field."""
    try:
        return json_body(text.encode("utf-8", "replace"))
    except RecordError as error:
        raise RecordError(error.reason, field=at, mend="send a JSON object as text here") from None


def form_body(body: bytes) -> Payload:
    """A form's fields; of one that occurs twice the last counts, an empty one is not there.

    Raises `RecordError`.
    """
    try:
        fields = parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        mend = "send application/x-www-form-urlencoded fields in UTF-8"
        raise RecordError("bad_value", field="$", mend=mend) from None
    return {name: said for name, said in fields if said}


def _told(part: Any) -> Any:
    """Without the fields that are null: many vendors write out what they leave empty."""
    if isinstance(part, dict):
        return {name: _told(value) for name, value in part.items() if value is not None}
    return [_told(value) for value in part] if isinstance(part, list) else part


def capitalised(part: Any) -> Any:
    """Every name with a capital first letter, for vendors that write it both ways."""
    if isinstance(part, dict):
        return {name[:1].upper() + name[1:]: capitalised(value) for name, value in part.items()}
    return [capitalised(value) for value in part] if isinstance(part, list) else part


def utc(when: datetime | None) -> datetime | None:
    """A time that says no zone is UTC."""
    return when.replace(tzinfo=UTC) if when is not None and when.tzinfo is None else when


def lasting_ms(seconds: float) -> int:
    """Seconds as whole milliseconds."""
    return round(seconds * 1000)


def control(
    kind: ControlKind,
    conversation_id: str,
    source: Source,
    *,
    event_time: datetime | None = None,
    mark: object = "",
    channel: str | None = None,
    agent_id: str | None = None,
    customer_id: str | None = None,
    queue: str | None = None,
    reason: str | None = None,
    fragment_id: str | None = None,
    labels: dict[str, str] | None = None,
) -> Control:
    """A control event whose id comes from what it says; `mark` tells apart two of a kind."""
    return Control(
        conversation_id=conversation_id,
        type=kind,
        control_id=record_id("ctl", conversation_id, kind, mark),
        event_time=utc(event_time),
        source=source,
        channel=channel,
        agent_id=agent_id,
        customer_id=customer_id,
        queue=queue,
        reason=reason,
        fragment_id=fragment_id,
        labels=labels or {},
    )


def named(role: Role | None, *, who: str | None = None, label: str | None = None) -> Speaker:
    """Whoever the vendor says it is; unknown, with the vendor's `label`, where it has another word for them."""
    if role is None:
        return Speaker(role_source=RoleSource.UNKNOWN, id=who, label=label or None)
    return Speaker(role=role, id=who)


_TAG = re.compile(r"<[a-zA-Z/!]")


def plain(html: str) -> str:
    """The words of HTML; a text without tags stays as it is."""
    if not _TAG.search(html):
        return html
    from bs4 import BeautifulSoup  # takes a while to import, and few need it

    soup = BeautifulSoup(html, "html.parser")
    for hidden in soup(["script", "style", "blockquote"]):
        hidden.decompose()
    for block in soup(["br", "p", "div", "li", "tr"]):
        block.append("\n")
    lines = (" ".join(line.split()) for line in soup.get_text().splitlines())
    return "\n".join(line for line in lines if line)


def parts(text: str, most: int) -> Iterator[str]:
    """A text in pieces of at most so many characters, cut where there is space."""
    while len(text) > most:
        cut = max(text.rfind("\n", 0, most), text.rfind(" ", 0, most), 0) or most
        yield text[:cut]
        text = text[cut:].lstrip()
    yield text
