"""Twilio Conversations: chat, SMS and WhatsApp messages as form webhooks (post-event `onMessageAdded`).

Who an author is the message does not say outright: a phone number is the customer's; a chat identity is
whoever `roles` says, `client` for all of them. Phone numbers leave as pseudonyms. Subscribe to
onMessageAdded, onMessageUpdated, onMessageRemoved, onConversationStateUpdated; not to onMessageAdd, which
blocks the message.
Source: twilio.com/docs/conversations/conversations-webhooks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from cxstream.connectors.connector import Connector
from cxstream.connectors.proof import TwilioSigned
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, shaped, utc
from cxstream.events import (
    ControlKind,
    Fragment,
    Id,
    Role,
    RoleSource,
    Source,
    Speaker,
    Stage,
    Transcript,
    to_ms,
)

_MESSAGES = {"onMessageAdded": Stage.FINAL, "onMessageUpdated": Stage.AMENDED}


class _Event(Struct, frozen=True, rename="pascal"):
    event_type: str
    conversation_sid: Id
    date_created: datetime | None = None
    date_updated: datetime | None = None
    date_removed: datetime | None = None
    message_sid: str = ""
    state_to: str = ""
    state: str = ""


class _Message(Struct, frozen=True, rename="pascal"):
    message_sid: Id
    author: Id
    body: str = ""
    source: str = ""
    client_identity: str = ""


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    event = shaped(payload, _Event)
    conversation = session.conversation("twilio", event.conversation_sid)
    source = Source(vendor="twilio", stream_id=event.conversation_sid)
    stage = _MESSAGES.get(event.event_type)
    if stage is not None:
        yield _fragment(shaped(payload, _Message), event, stage, session, conversation, source)
    elif event.event_type == "onMessageRemoved":
        yield control(
            ControlKind.FRAGMENT_DELETED,
            conversation,
            source,
            event_time=event.date_created or event.date_removed or event.date_updated,
            mark=event.message_sid,
            fragment_id=shaped(payload, _Removed).message_sid,
        )
    elif event.event_type == "onConversationAdded":
        yield control(ControlKind.STARTED, conversation, source, event_time=event.date_created)
    elif event.event_type == "onConversationRemoved" or "closed" in (event.state_to, event.state):
        yield control(
            ControlKind.ENDED,
            conversation,
            source,
            event_time=event.date_updated or event.date_removed,
            mark=event.date_updated or event.date_removed,
            reason="completed",
        )


class _Removed(Struct, frozen=True, rename="pascal"):
    message_sid: Id


def _fragment(
    said: _Message,
    event: _Event,
    stage: Stage,
    session: Session,
    conversation: str,
    source: Source,
) -> Fragment:
    phone = said.author.removeprefix("whatsapp:")
    speaker = _speaker(said, phone, session)
    updated = utc(event.date_updated)
    return Fragment(
        conversation_id=conversation,
        fragment_id=said.message_sid,
        revision=to_ms(updated) if stage is Stage.AMENDED and updated else 0,
        stage=stage,
        text=said.body,
        speaker=speaker,
        channel=_channel(said),
        event_time=utc(event.date_created) or updated,
        source=source,
        customer_id=speaker.id if phone.startswith("+") else None,
    )


def _speaker(said: _Message, phone: str, session: Session) -> Speaker:
    if phone.startswith("+"):
        return Speaker(
            role=Role.CUSTOMER, role_source=RoleSource.LABEL, id=session.pseudonym("tel", phone)
        )
    if said.author == "system":
        return Speaker(role=Role.SYSTEM, role_source=RoleSource.LABEL)
    track = said.author if said.author in session.roles else "client"
    return replace(session.speaker(track), id=said.author)


def _channel(said: _Message) -> str:
    if said.author.startswith("whatsapp:") or said.source.lower() == "whatsapp":
        return "whatsapp"
    return "sms" if said.source.upper() == "SMS" else "chat"


CONNECTOR = Connector(
    vendor="twilio",
    title="Twilio Conversations",
    read=read,
    proof=TwilioSigned(),
    body="form",
    needs="`roles` of `client`, or of each chat identity",
)
