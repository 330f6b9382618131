"""AWS Live Call Analytics: its own event schema, also a good one for a producer of your own.

`OriginalTranscript`, the text before redaction, is dropped here. A segment that comes again with the same
id and other words is an amendment only where it says so; of equal ones the first holds. Times are seconds
from the start of the call, as numbers or text, beside `CreatedAt`.
Source: github.com/aws-samples/amazon-transcribe-live-call-analytics, the Kinesis event schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from cxstream.connectors import transcribe
from cxstream.connectors.aws import AWS_TOKEN, firehose_reply, unwrapped
from cxstream.connectors.connector import Connector
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, lasting_ms, named, shaped, utc
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

_SOURCE = Source(vendor="aws", stream_id="lca")
_ROLES = {
    "CALLER": Role.CUSTOMER,
    "AGENT": Role.AGENT,
    "AGENT_ASSISTANT": Role.BOT,
}
_NESTED = frozenset(("TranscriptEvent", "UtteranceEvent"))
"""Where the transcriber passes on what Amazon Transcribe said, as it was."""

_CHANNELS = {"ch_0": Role.CUSTOMER, "ch_1": Role.AGENT}

_KINDS = {
    "START": ControlKind.STARTED,
    "UPDATE_AGENT": ControlKind.UPDATED,
    "END": ControlKind.ENDED,
    "START_HOLD": ControlKind.HOLD,
}


class _Event(Struct, frozen=True, rename="pascal"):
    event_type: str
    call_id: Id
    created_at: datetime | None = None
    updated_at: datetime | None = None
    customer_phone_number: str | None = None
    agent_id: str | None = None


class _Segment(Struct, frozen=True, rename="pascal"):
    segment_id: Id
    channel: str
    transcript: str
    is_partial: bool
    start_time: float
    end_time: float
    original_transcript: str | None = None


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    for inner, arrived_ms in unwrapped(payload):
        event = shaped(inner, _Event)
        conversation = session.conversation("lca", event.call_id)
        when = utc(event.created_at or event.updated_at)
        if when is None and arrived_ms is not None:
            when = from_ms(arrived_ms)
        if event.event_type == "ADD_TRANSCRIPT_SEGMENT" and _NESTED & inner.keys():
            nested = {name: inner[name] for name in _NESTED if inner.get(name)}
            for heard in transcribe.read(nested, replace(session, conversation_id=event.call_id)):
                yield _as_ours(heard, session, conversation, when)
        elif event.event_type == "ADD_TRANSCRIPT_SEGMENT":
            segment = shaped(inner, _Segment)
            if segment.channel != "CATEGORY_MATCH":
                yield _fragment(segment, session, conversation, when)
        elif kind := _KINDS.get(event.event_type):
            phone = event.customer_phone_number
            yield control(
                kind,
                conversation,
                _SOURCE,
                event_time=when,
                mark=event.agent_id or "",
                channel="voice",
                agent_id=event.agent_id or None,
                customer_id=session.pseudonym("tel", phone) if phone else None,
                reason="completed" if kind is ControlKind.ENDED else None,
            )


def _as_ours(
    heard: Fragment, session: Session, conversation: str, when: datetime | None
) -> Fragment:
    """What Amazon Transcribe heard, as LCA lays its channels out where `roles` say nothing else."""
    usual = _CHANNELS.get(heard.track or "")
    told = heard.track in session.roles or usual is None
    return replace(
        heard,
        conversation_id=conversation,
        speaker=heard.speaker if told else Speaker(role=usual or Role.UNKNOWN),
        event_time=heard.event_time or when,
        source=_SOURCE,
    )


def _fragment(
    said: _Segment, session: Session, conversation: str, when: datetime | None
) -> Fragment:
    end_ms = lasting_ms(said.end_time)
    masked = said.original_transcript is not None
    stage = Stage.PARTIAL if said.is_partial else Stage.AMENDED if masked else Stage.FINAL
    return Fragment(
        conversation_id=conversation,
        fragment_id=said.segment_id,
        revision=max(0, end_ms),
        stage=stage,
        text=said.transcript,
        speaker=named(_ROLES.get(said.channel), label=said.channel),
        track=said.channel,
        start_ms=lasting_ms(said.start_time),
        end_ms=end_ms,
        clock="conversation",
        clock_origin=session.origin(),
        event_time=session.moment(end_ms) or when,
        redaction=Redaction("masked") if masked else Redaction(),
        source=_SOURCE,
    )


CONNECTOR = Connector(
    vendor="lca", title="AWS Live Call Analytics", read=read, proof=AWS_TOKEN, reply=firehose_reply
)
