"""Zendesk: messaging events, and comments and states of tickets, as event webhooks.

A messaging conversation goes by its own id, a ticket's comments by the ticket. A comment that is not public
is internal. Source: developer.zendesk.com, "Event types": messaging ticket and ticket events; "Verifying
webhooks".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from cxstream.connectors.connector import Connector
from cxstream.connectors.proof import Signed
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, named, plain, shaped, utc
from cxstream.events import (
    ControlKind,
    Fragment,
    Id,
    Role,
    Source,
    Speaker,
    Transcript,
)

_SOURCE = Source(vendor="zendesk")
_ROLES = {
    "end_user": Role.CUSTOMER,
    "agent": Role.AGENT,
    "trigger": Role.SYSTEM,
    "system": Role.SYSTEM,
    "bot": Role.BOT,
    "zd:answerBot": Role.BOT,
}


class _Actor(Struct, frozen=True):
    type: str = ""
    id: str | int = ""
    name: str | None = None


class _Said(Struct, frozen=True):
    id: Id
    body: str = ""


class _Messaging(Struct, frozen=True):
    message: _Said
    conversation_id: str = ""
    actor: _Actor = _Actor()


class _Author(Struct, frozen=True):
    is_staff: bool
    id: str | int = ""


class _Comment(Struct, frozen=True):
    id: str | int
    author: _Author
    body: str = ""
    is_public: bool = True


class _Commented(Struct, frozen=True):
    comment: _Comment


class _Changed(Struct, frozen=True):
    current: str


class _Event(Struct, frozen=True):
    type: str
    subject: str = ""
    time: datetime | None = None
    event: dict[str, object] = {}


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    event = shaped(payload, _Event)
    kind = event.type.removeprefix("zen:event-type:")
    ticket = event.subject.removeprefix("zen:ticket:")
    if kind == "messaging_ticket.message_added":
        said = shaped(event.event, _Messaging, "$.event")
        yield _message(said, session.conversation("zendesk", ticket or said.conversation_id), event)
    elif kind == "ticket.comment_added":
        comment = shaped(event.event, _Commented, "$.event").comment
        yield _comment(comment, session.conversation("zendesk", ticket), event)
    elif kind == "ticket.status_changed" and _is_over(event):
        yield control(
            ControlKind.ENDED,
            session.conversation("zendesk", ticket),
            _SOURCE,
            event_time=event.time,
            mark=event.time,
            reason="completed",
        )


def _is_over(event: _Event) -> bool:
    return shaped(event.event, _Changed, "$.event").current.lower() in ("solved", "closed")


def _message(said: _Messaging, conversation: str, event: _Event) -> Fragment:
    actor = said.actor
    role = _ROLES.get("zd:answerBot" if actor.id == "zd:answerBot" else actor.type)
    who = str(actor.id) or None
    return Fragment(
        conversation_id=conversation,
        fragment_id=said.message.id,
        text=plain(said.message.body),
        speaker=named(role, who=who, label=actor.type),
        channel="chat",
        event_time=utc(event.time),
        source=_SOURCE,
        customer_id=f"zendesk:{who}" if role is Role.CUSTOMER and who else None,
        agent_id=who if role is Role.AGENT else None,
    )


def _comment(said: _Comment, conversation: str, event: _Event) -> Fragment:
    who = str(said.author.id) or None
    staff = said.author.is_staff
    return Fragment(
        conversation_id=conversation,
        fragment_id=str(said.id),
        text=plain(said.body),
        speaker=Speaker(role=Role.AGENT if staff else Role.CUSTOMER, id=who),
        channel="email",
        visibility="public" if said.is_public else "internal",
        event_time=utc(event.time),
        source=_SOURCE,
        customer_id=None if staff or not who else f"zendesk:{who}",
        agent_id=who if staff else None,
    )


CONNECTOR = Connector(
    vendor="zendesk",
    title="Zendesk",
    read=read,
    proof=Signed(
        header="x-zendesk-webhook-signature",
        encoding="base64",
        time_header="x-zendesk-webhook-signature-timestamp",
    ),
)
