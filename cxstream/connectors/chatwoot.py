"""Chatwoot: messages and states of conversations as webhooks.

The kind of a message is a word at the top level and a number inside a conversation. Private notes are
internal and never count as said to the customer. Times come in three forms. Source: chatwoot.com/hc, "How
to use webhooks".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from cxstream.connectors.connector import Connector
from cxstream.connectors.proof import Signed
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, named, plain, shaped
from cxstream.errors import RecordError
from cxstream.events import (
    ControlKind,
    Fragment,
    Role,
    Source,
    Speaker,
    Stage,
    Transcript,
    to_ms,
)

_KINDS = {"0": "incoming", "1": "outgoing", "2": "activity", "3": "template"}
_ROLES = {
    "incoming": Role.CUSTOMER,
    "outgoing": Role.AGENT,
    "template": Role.SYSTEM,
    "activity": Role.SYSTEM,
}
_CHANNELS = {
    "Channel::Email": "email",
    "Channel::Sms": "sms",
    "Channel::TwilioSms": "sms",
    "Channel::Whatsapp": "whatsapp",
    "Channel::FacebookPage": "social",
}


class _Sender(Struct, frozen=True):
    id: int | str | None = None
    type: str = ""


class _Assignee(Struct, frozen=True):
    id: int | str


class _Meta(Struct, frozen=True):
    assignee: _Assignee | None = None
    sender: _Sender | None = None


class _Conversation(Struct, frozen=True):
    id: int | str = ""
    display_id: int | str = ""
    channel: str = ""
    meta: _Meta = _Meta()


class _Inbox(Struct, frozen=True):
    name: str = ""


class _Message(Struct, frozen=True):
    id: int | str
    message_type: int | str
    conversation: _Conversation
    content: str | None = None
    created_at: Any = None
    updated_at: Any = None
    private: bool = False
    sender: _Sender | None = None
    inbox: _Inbox = _Inbox()
    content_attributes: dict[str, Any] | None = None


class _State(Struct, frozen=True):
    id: int | str
    status: str = ""
    channel: str = ""
    created_at: Any = None
    updated_at: Any = None
    timestamp: Any = None
    meta: _Meta = _Meta()


class _Event(Struct, frozen=True):
    event: str


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    event = shaped(payload, _Event).event
    if event in ("message_created", "message_updated"):
        yield from _message(shaped(payload, _Message), event, session)
    elif event in ("conversation_created", "conversation_status_changed", "conversation_resolved"):
        state = shaped(payload, _State)
        created = event == "conversation_created"
        if not created and state.status != "resolved":
            return
        at = state.created_at if created else state.updated_at or state.timestamp
        when = _time(at, "$.created_at" if created else "$.updated_at")
        yield control(
            ControlKind.STARTED if created else ControlKind.ENDED,
            session.conversation("chatwoot", str(state.id)),
            _SOURCE,
            event_time=when,
            mark=when or "",
            channel=_CHANNELS.get(state.channel, "chat"),
            agent_id=str(state.meta.assignee.id) if state.meta.assignee else None,
            reason=None if created else "completed",
        )


_SOURCE = Source(vendor="chatwoot")


def _message(said: _Message, event: str, session: Session) -> Iterator[Transcript]:
    conversation = session.conversation(
        "chatwoot", str(said.conversation.id or said.conversation.display_id)
    )
    when = _time(said.created_at, "$.created_at")
    meta = said.conversation.meta
    if (said.content_attributes or {}).get("deleted"):
        yield control(
            ControlKind.FRAGMENT_DELETED,
            conversation,
            _SOURCE,
            event_time=when,
            mark=said.id,
            fragment_id=str(said.id),
        )
        return
    updated = _time(said.updated_at, "$.updated_at")
    amended = event == "message_updated"
    contact = meta.sender
    yield Fragment(
        conversation_id=conversation,
        fragment_id=str(said.id),
        revision=to_ms(updated) if amended and updated else 0,
        stage=Stage.AMENDED if amended else Stage.FINAL,
        text=plain(said.content or ""),
        speaker=_speaker(said),
        channel=_CHANNELS.get(said.conversation.channel, "chat"),
        visibility="internal" if said.private else "public",
        event_time=when,
        source=_SOURCE,
        customer_id=None if contact is None or contact.id is None else f"chatwoot:{contact.id}",
        agent_id=str(meta.assignee.id) if meta.assignee else None,
        queue=said.inbox.name or None,
    )


def _speaker(said: _Message) -> Speaker:
    kind = _KINDS.get(str(said.message_type), str(said.message_type))
    sender = said.sender or _Sender()
    who = None if sender.id is None else str(sender.id)
    role = _ROLES.get(kind)
    if role is Role.AGENT and sender.type == "agent_bot":
        role = Role.BOT
    return named(role, who=who, label=kind)


def _time(value: object, field: str) -> datetime | None:
    """RFC 3339, seconds since 1970, or `2026-03-03 13:05:57 UTC`."""
    if value is None:
        return None
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        when = datetime.fromisoformat(str(value).removesuffix(" UTC"))
        return when if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise RecordError("bad_time", field=field, mend="send RFC 3339, or seconds") from None


CONNECTOR = Connector(
    vendor="chatwoot",
    title="Chatwoot",
    read=read,
    proof=Signed(
        header="x-chatwoot-signature",
        prefix="sha256=",
        time_header="x-chatwoot-timestamp",
        between=b".",
    ),
)
