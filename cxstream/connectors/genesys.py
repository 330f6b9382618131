"""Genesys Cloud: `v2.conversations.{id}.transcription`, as a notification or from EventBridge.

One message holds several utterances. Messages without any are keepalives. A transfer or a consultation is a
leg (`communicationId`) of its own, so that the end of a leg is not the end of the conversation; that comes
with `v2.detail.events.conversation.{id}.customer.end`, or by silence. Agent and queue come with
`user.start` and `acd.start`. EventBridge reaches the desk by an API destination with an API key.
Source: developer.genesys.cloud, notifications and EventBridge integration.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from cxstream.connectors.connector import Connector
from cxstream.connectors.proof import Token
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, shaped, utc
from cxstream.events import (
    ControlKind,
    Fragment,
    Id,
    Probability,
    Role,
    RoleSource,
    Source,
    Speaker,
    Stage,
    Transcript,
    from_ms,
)

_SPEAKERS = {"EXTERNAL": Speaker(role=Role.CUSTOMER), "INTERNAL": Speaker(role=Role.AGENT)}
_UNKNOWN = Speaker(role_source=RoleSource.UNKNOWN)


class _Alternative(Struct, frozen=True, rename="camel"):
    transcript: str
    decorated_transcript: str | None = None
    confidence: Probability | None = None
    offset_ms: int = 0
    duration_ms: int = 0


class _Utterance(Struct, frozen=True, rename="camel"):
    utterance_id: Id
    is_final: bool
    channel: str
    alternatives: list[_Alternative]
    dialect: str | None = None


class _Body(Struct, frozen=True, rename="camel"):
    conversation_id: str = ""
    communication_id: str = ""
    session_id: str = ""
    transcription_start_time_ms: int | None = None
    session_start_time_ms: int | None = None
    transcripts: list[_Utterance] = []
    event_time: datetime | int | None = None
    user_id: str | None = None
    queue_id: str | None = None
    media_type: str | None = None


class _Message(Struct, frozen=True, rename="camel"):
    topic_name: str
    event_body: dict[str, object]


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    at = "$.detail" if "detail" in payload else "$"
    message = shaped(payload.get("detail", payload), _Message, at)
    what = message.topic_name.rsplit(".", 1)[-1]
    if message.topic_name.count(".") < 3:
        return
    if what != "transcription" and not message.topic_name.startswith("v2.detail.events."):
        return
    body = shaped(message.event_body, _Body, f"{at}.eventBody")
    conversation = session.conversation(
        "genesys", body.conversation_id or _named_in(message.topic_name)
    )
    source = Source(vendor="genesys", stream_id=body.communication_id or body.session_id)
    if what == "transcription":
        for utterance in body.transcripts:
            if utterance.alternatives:
                yield _fragment(utterance, body, conversation, source)
        return
    kind = _HAPPENED.get(message.topic_name.split(".", 5)[-1])
    if kind is not None:
        yield control(
            kind,
            conversation,
            source,
            event_time=_time(body),
            mark=(what, source.stream_id, body.user_id, body.queue_id),
            agent_id=body.user_id,
            queue=body.queue_id,
        )


_HAPPENED = {
    "customer.start": ControlKind.STARTED,
    "user.start": ControlKind.UPDATED,
    "acd.start": ControlKind.UPDATED,
    "customer.end": ControlKind.ENDED,
}
"""What follows `v2.detail.events.conversation.{id}.`"""


def _fragment(said: _Utterance, body: _Body, conversation: str, source: Source) -> Fragment:
    best = said.alternatives[0]
    end_ms = best.offset_ms + best.duration_ms
    origin_ms = body.transcription_start_time_ms or body.session_start_time_ms
    return Fragment(
        conversation_id=conversation,
        fragment_id=said.utterance_id,
        leg_id=body.communication_id or None,
        revision=max(0, end_ms),
        stage=Stage.FINAL if said.is_final else Stage.PARTIAL,
        text=best.decorated_transcript or best.transcript,
        speaker=_SPEAKERS.get(said.channel, _UNKNOWN),
        track=said.channel,
        start_ms=best.offset_ms,
        end_ms=end_ms,
        clock="stream",
        clock_origin=None if origin_ms is None else from_ms(origin_ms),
        event_time=_time(body) if origin_ms is None else from_ms(origin_ms + end_ms),
        source=source,
        language=said.dialect,
        confidence=best.confidence,
    )


def _named_in(topic: str) -> str:
    """The conversation in `v2.conversations.{id}.transcription` or
    `v2.detail.events.conversation.{id}.*`."""
    return topic.split(".")[4 if topic.startswith("v2.detail.") else 2]


def _time(body: _Body) -> datetime | None:
    """When it was sent; detailed events count milliseconds."""
    when = body.event_time
    return from_ms(when) if isinstance(when, int) else utc(when)


CONNECTOR = Connector(
    vendor="genesys",
    title="Genesys Cloud (EventBridge, notifications)",
    read=read,
    proof=Token(),
)
