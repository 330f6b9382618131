"""AssemblyAI Universal-Streaming (v3): `Turn` messages, passed on by whoever holds the socket.

Only `Begin` names the session, so that over HTTP the address has to (`?conversation_id=`). Of a running
turn the newest word stands in `words` only. A turn with formatting is finished twice: the formatted text is
an amendment.
Source: assemblyai.com/docs/api-reference/streaming-api.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from cxstream.connectors.connector import Connector
from cxstream.connectors.proof import Token
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, lasting_ms, shaped
from cxstream.events import (
    Control,
    ControlKind,
    Fragment,
    Probability,
    RoleSource,
    Source,
    Speaker,
    Stage,
    Transcript,
)


class _Message(Struct, frozen=True):
    type: str


class _Begin(Struct, frozen=True):
    id: str


class _Word(Struct, frozen=True):
    text: str
    start: int
    end: int
    confidence: Probability | None = None


class _Turn(Struct, frozen=True):
    turn_order: int
    end_of_turn: bool
    transcript: str
    words: list[_Word] = []
    turn_is_formatted: bool = False
    speaker_label: str | None = None
    language_code: str | None = None


class _Revised(Struct, frozen=True):
    turn_order: int
    speaker_label: str | None = None
    words: list[_Word] = []


class _Revisions(Struct, frozen=True):
    revisions: list[_Revised]


class _Termination(Struct, frozen=True):
    audio_duration_seconds: float | None = None


def remember(session: Session, payload: Payload) -> Session:
    """The session's id, for the messages after it."""
    if payload.get("type") != "Begin" or session.conversation_id:
        return session
    return replace(session, conversation_id=shaped(payload, _Begin).id)


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    message = shaped(payload, _Message)
    if message.type not in ("Begin", "Turn", "SpeakerRevision", "Termination"):
        return
    conversation = session.conversation("assemblyai")
    source = Source(vendor="assemblyai", stream_id=session.conversation_id or "")
    if message.type == "Turn":
        yield _fragment(shaped(payload, _Turn), session, conversation, source)
    elif message.type == "SpeakerRevision":
        for revised in shaped(payload, _Revisions).revisions:
            yield Control(
                conversation_id=conversation,
                type=ControlKind.SPEAKER_REVISED,
                source=source,
                event_time=_last_moment(revised.words, session),
                fragment_id=f"turn-{revised.turn_order}",
                speaker=_speaker(revised.speaker_label, session),
            )
    elif message.type == "Begin":
        yield control(
            ControlKind.STARTED,
            conversation,
            source,
            event_time=session.origin(),
            channel="voice",
        )
    else:
        lasted_s = shaped(payload, _Termination).audio_duration_seconds
        yield control(
            ControlKind.ENDED,
            conversation,
            source,
            event_time=None if lasted_s is None else session.moment(lasting_ms(lasted_s)),
            reason="completed",
        )


def _fragment(turn: _Turn, session: Session, conversation: str, source: Source) -> Fragment:
    words = turn.words
    end_ms = words[-1].end if words else None
    spoken = " ".join(word.text for word in words)
    stage = Stage.PARTIAL
    if turn.end_of_turn:
        stage = Stage.AMENDED if turn.turn_is_formatted else Stage.FINAL
    known = [word.confidence for word in words if word.confidence is not None]
    return Fragment(
        conversation_id=conversation,
        fragment_id=f"turn-{turn.turn_order}",
        revision=max(0, end_ms or 0),
        stage=stage,
        text=turn.transcript if turn.end_of_turn and turn.transcript else spoken or turn.transcript,
        speaker=_speaker(turn.speaker_label, session),
        track=turn.speaker_label,
        start_ms=words[0].start if words else None,
        end_ms=end_ms,
        clock="stream",
        clock_origin=session.origin(),
        event_time=_last_moment(words, session),
        source=source,
        language=turn.language_code,
        confidence=sum(known) / len(known) if turn.end_of_turn and known else None,
    )


def _last_moment(words: list[_Word], session: Session) -> datetime | None:
    return session.moment(words[-1].end) if words else None


def _speaker(label: str | None, session: Session) -> Speaker:
    """By label (A, B) as configured; without labels one stream is one person, `stream` in `roles`."""
    if label is None:
        return session.speaker("stream")
    known = session.speaker(label)
    return Speaker(role=known.role, role_source=RoleSource.DIARIZATION, label=label)


CONNECTOR = Connector(
    vendor="assemblyai",
    title="AssemblyAI",
    read=read,
    remember=remember,
    proof=Token(),
    needs="`conversation_id` over HTTP; `started`; `roles` of `stream`, or of `A`, `B`",
)
