"""Amazon Connect Contact Lens in real time, voice and chat.

Voice counts from the start of the contact's audio and tells no time of day: say `started` in the address,
or let Kinesis' time of arrival stand. An utterance's partials are deltas that lie beside each other
(`part`), its final is the whole. With the output `RedactedAndRaw` each chat message comes twice; the
redacted one is an amendment of the raw one, so that it wins in whichever order they come.
Source: docs.aws.amazon.com/connect, "Contact Lens real-time analysis segment streams".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from cxstream.connectors.aws import AWS_TOKEN, firehose_reply, unwrapped
from cxstream.connectors.connector import Connector
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, named, shaped, utc
from cxstream.events import (
    ControlKind,
    Fragment,
    Id,
    Redaction,
    Role,
    Source,
    Speaker,
    Stage,
    Transcript,
    from_ms,
)

_ROLES = {
    "CUSTOMER": Role.CUSTOMER,
    "AGENT": Role.AGENT,
    "SYSTEM": Role.SYSTEM,
    "CUSTOM_BOT": Role.BOT,
    "SUPERVISOR": Role.SUPERVISOR,
}
_KINDS = {
    "STARTED": ControlKind.STARTED,
    "COMPLETED": ControlKind.ENDED,
    "FAILED": ControlKind.ENDED,
}


class _Utterance(Struct, frozen=True, rename="pascal"):
    transcript_id: Id
    participant_role: str
    partial_content: str
    begin_offset_millis: int
    end_offset_millis: int
    participant_id: str | None = None


class _Time(Struct, frozen=True, rename="pascal"):
    absolute_time: datetime | None = None


class _Said(Struct, frozen=True, rename="pascal"):
    id: Id
    participant_role: str
    content: str
    participant_id: str | None = None
    begin_offset_millis: int | None = None
    end_offset_millis: int | None = None
    time: _Time = _Time()
    content_type: str = "text/plain"


class _Segment(Struct, frozen=True, rename="pascal"):
    utterance: _Utterance | None = None
    transcript: _Said | None = None


class _Event(Struct, frozen=True, rename="pascal"):
    contact_id: Id
    event_type: str = ""
    streaming_event_type: str = ""
    instance_id: str = ""
    language_code: str | None = None
    output_type: str = ""
    segments: list[_Segment] = []


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    for inner, arrived_ms in unwrapped(payload):
        event = shaped(inner, _Event)
        arrived = None if arrived_ms is None else from_ms(arrived_ms)
        conversation = session.conversation("connect", event.contact_id)
        source = Source(vendor="aws", stream_id=event.instance_id)
        kind = _KINDS.get(event.streaming_event_type or event.event_type)
        if kind is not None:
            yield control(
                kind,
                conversation,
                source,
                event_time=arrived or (session.origin() if kind is ControlKind.STARTED else None),
                channel="chat" if event.streaming_event_type else "voice",
                reason=None
                if kind is ControlKind.STARTED
                else "failed"
                if "FAILED" in (event.event_type, event.streaming_event_type)
                else "completed",
            )
        for segment in event.segments:
            if segment.utterance is not None:
                yield _partial(segment.utterance, event, session, conversation, source, arrived)
            if segment.transcript is not None:
                yield _final(segment.transcript, event, session, conversation, source, arrived)


def _speaker(said: _Utterance | _Said) -> Speaker:
    role = said.participant_role
    return named(_ROLES.get(role), who=said.participant_id, label=role)


def _partial(
    said: _Utterance,
    event: _Event,
    session: Session,
    conversation: str,
    source: Source,
    arrived: datetime | None,
) -> Fragment:
    return Fragment(
        conversation_id=conversation,
        fragment_id=said.transcript_id,
        revision=max(0, said.end_offset_millis),
        part=max(0, said.begin_offset_millis),
        stage=Stage.PARTIAL,
        text=said.partial_content,
        speaker=_speaker(said),
        start_ms=said.begin_offset_millis,
        end_ms=said.end_offset_millis,
        clock="conversation",
        clock_origin=session.origin(),
        event_time=session.moment(said.end_offset_millis) or arrived,
        source=source,
        language=event.language_code,
    )


def _final(
    said: _Said,
    event: _Event,
    session: Session,
    conversation: str,
    source: Source,
    arrived: datetime | None,
) -> Fragment:
    end_ms = said.end_offset_millis
    masked = event.output_type.lower() == "redacted"
    return Fragment(
        conversation_id=conversation,
        fragment_id=said.id,
        revision=max(0, end_ms or 0),
        stage=Stage.AMENDED if masked else Stage.FINAL,
        text=said.content,
        speaker=_speaker(said),
        channel="chat" if event.streaming_event_type else "voice",
        text_format="markdown" if said.content_type == "text/markdown" else "plain",
        redaction=Redaction("masked", "[PII]") if masked else Redaction(),
        start_ms=said.begin_offset_millis,
        end_ms=end_ms,
        clock="none" if end_ms is None else "conversation",
        clock_origin=None if end_ms is None else session.origin(),
        event_time=utc(said.time.absolute_time)
        or (None if end_ms is None else session.moment(end_ms))
        or arrived,
        source=source,
        language=event.language_code,
    )


CONNECTOR = Connector(
    vendor="connect",
    title="Amazon Connect Contact Lens, voice and chat",
    read=read,
    proof=AWS_TOKEN,
    reply=firehose_reply,
    needs="`started` for voice, or times are those of arrival",
)
