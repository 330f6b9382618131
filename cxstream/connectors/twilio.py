"""Twilio Real-Time Transcriptions: form callbacks while a call is transcribed.

Twilio numbers results per track and gives utterances no id, so partials share one open slot a track, and
each final closes it up to its own number. Which track is the customer depends on the leg: configure
`roles`, or say it in the callback's address (`?roles=inbound_track:customer,outbound_track:agent`), which
Twilio signs.
Source: twilio.com/docs/voice/twiml/transcription and /docs/voice/api/realtime-transcription-resource.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from cxstream.connectors.connector import Connector
from cxstream.connectors.proof import TwilioSigned
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, inner_json, shaped, utc
from cxstream.events import (
    Clears,
    ControlKind,
    Fragment,
    Id,
    Probability,
    Role,
    Source,
    Stage,
    Transcript,
)

_USUAL = {"inbound_track": Role.CUSTOMER, "outbound_track": Role.AGENT}
"""A guess: right for a leg to the caller, wrong for a leg to the agent."""


class _Callback(Struct, frozen=True, rename="pascal"):
    call_sid: Id
    transcription_sid: Id
    transcription_event: str
    timestamp: datetime | None = None
    language_code: str | None = None
    track: str = ""
    inbound_track_label: str = ""
    outbound_track_label: str = ""


class _Content(Struct, frozen=True, rename="pascal"):
    transcription_data: str
    sequence_id: int
    track: Id
    final: bool
    stability: Probability | None = None


class _Words(Struct, frozen=True):
    transcript: str
    confidence: Probability | None = None


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    said = shaped(payload, _Callback)
    conversation = session.conversation("twilio", said.call_sid)
    source = Source(vendor="twilio", stream_id=said.transcription_sid)
    if said.transcription_event == "transcription-content":
        yield _fragment(payload, said, session, conversation, source)
        return
    happened = {
        "transcription-started": (ControlKind.STARTED, None),
        "transcription-stopped": (ControlKind.ENDED, "completed"),
        "transcription-error": (ControlKind.ENDED, "failed"),
    }.get(said.transcription_event)
    if happened is None:
        return
    labels = {
        name: label
        for name, label in (
            ("inbound_track", said.inbound_track_label),
            ("outbound_track", said.outbound_track_label),
        )
        if label
    }
    yield control(
        happened[0],
        conversation,
        source,
        event_time=said.timestamp,
        mark=said.transcription_sid,
        channel="voice",
        reason=happened[1],
        labels=labels,
    )


def _fragment(
    payload: Payload, said: _Callback, session: Session, conversation: str, source: Source
) -> Fragment:
    content = shaped(payload, _Content)
    words = shaped(
        inner_json(content.transcription_data, "$.TranscriptionData"), _Words, "$.TranscriptionData"
    )
    slot = f"{said.transcription_sid}:{content.track}"
    return Fragment(
        conversation_id=conversation,
        fragment_id=f"{slot}:{content.sequence_id}" if content.final else f"{slot}:open",
        clears=Clears(f"{slot}:open", content.sequence_id) if content.final else None,
        revision=content.sequence_id,
        stage=Stage.FINAL if content.final else Stage.PARTIAL,
        text=words.transcript,
        speaker=session.speaker(content.track, _USUAL.get(content.track, Role.UNKNOWN)),
        track=content.track,
        event_time=utc(said.timestamp),
        source=source,
        language=said.language_code,
        confidence=words.confidence,
        stability=content.stability,
    )


CONNECTOR = Connector(
    vendor="twilio",
    title="Twilio Real-Time Transcriptions",
    read=read,
    proof=TwilioSigned(),
    body="form",
    needs="`roles` of the tracks, or they are guesses",
)
