"""Intercom: conversations as webhooks, texts in HTML.

Notes are internal. The first message is the conversation's `source`, later ones its parts. Intercom signs
the body without a time. Source: developers.intercom.com, "Webhook topics" and "Webhook notifications".
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cxstream.connectors.connector import Connector
from cxstream.connectors.proof import Signed
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, named, plain, shaped
from cxstream.events import (
    ControlKind,
    Fragment,
    Id,
    Role,
    Source,
    Transcript,
    from_ms,
)

_SOURCE = Source(vendor="intercom")
_CUSTOMERS = frozenset(("user", "lead", "contact"))
_ROLES = {"admin": Role.AGENT, "team": Role.AGENT, "bot": Role.BOT} | dict.fromkeys(
    _CUSTOMERS, Role.CUSTOMER
)


class _Author(Struct, frozen=True):
    type: str
    id: str | int = ""


class _Part(Struct, frozen=True):
    id: Id
    author: _Author
    part_type: str = ""
    body: str | None = None
    created_at: int | None = None


class _Source(Struct, frozen=True):
    id: Id
    author: _Author
    body: str | None = None
    type: str = "conversation"


class _Parts(Struct, frozen=True):
    conversation_parts: list[_Part] = []


class _Item(Struct, frozen=True):
    id: Id
    source: _Source | None = None
    conversation_message: _Source | None = None  # what `source` was called before
    conversation_parts: _Parts = _Parts()
    created_at: int | None = None
    admin_assignee_id: int | str | None = None
    team_assignee_id: int | str | None = None


class _Data(Struct, frozen=True):
    item: dict[str, object]


class _Notification(Struct, frozen=True):
    topic: str
    data: _Data
    created_at: int | None = None


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    notified = shaped(payload, _Notification)
    if not notified.topic.startswith("conversation."):
        return
    item = shaped(notified.data.item, _Item, "$.data.item")
    conversation = session.conversation("intercom", item.id)
    first = item.source or item.conversation_message
    channel = "email" if first is not None and first.type == "email" else "chat"
    if first is not None and notified.topic.endswith(".created"):
        opening = _Part(first.id, first.author, "comment", first.body, item.created_at)
        yield _fragment(opening, item, conversation, channel)
    for part in item.conversation_parts.conversation_parts:
        if part.body:
            yield _fragment(part, item, conversation, channel)
    if notified.topic.endswith(".closed"):
        at_s = notified.created_at
        yield control(
            ControlKind.ENDED,
            conversation,
            _SOURCE,
            event_time=None if at_s is None else from_ms(at_s * 1000),
            mark=at_s,
            reason="completed",
        )


def _fragment(said: _Part, item: _Item, conversation: str, channel: str) -> Fragment:
    role = _ROLES.get(said.author.type)
    who = str(said.author.id) or None
    return Fragment(
        conversation_id=conversation,
        fragment_id=said.id,
        text=plain(said.body or ""),
        text_format="html",
        speaker=named(role, who=who, label=said.author.type),
        channel=channel,
        visibility="internal" if said.part_type == "note" else "public",
        event_time=None if said.created_at is None else from_ms(said.created_at * 1000),
        source=_SOURCE,
        customer_id=f"intercom:{who}" if role is Role.CUSTOMER and who else None,
        agent_id=_known(item.admin_assignee_id),
        queue=_known(item.team_assignee_id),
    )


def _known(assignee: int | str | None) -> str | None:
    return None if assignee in (None, "", 0) else str(assignee)


CONNECTOR = Connector(
    vendor="intercom",
    title="Intercom",
    read=read,
    proof=Signed(header="x-hub-signature", algorithm="sha1", prefix="sha1="),
)
