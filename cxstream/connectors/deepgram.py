"""Deepgram streaming: `Results` messages, passed on by whoever holds the socket to Deepgram.

An utterance is known by its channel and start. A final may end earlier than the partial before it; the
words that are lost there come again in the next one. Finals without words come on silence. `Metadata` is
the end of the stream. Flux says `TurnInfo` instead: one turn after another, a turn is final with `EndOfTurn`.
Source: developers.deepgram.com, live streaming responses; Flux, "End of turn".
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cxstream.connectors.connector import Connector
from cxstream.connectors.proof import Token
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, lasting_ms, shaped
from cxstream.events import (
    ControlKind,
    Fragment,
    Probability,
    RoleSource,
    Source,
    Speaker,
    Stage,
    Transcript,
)


class _Word(Struct, frozen=True):
    speaker: int | None = None


class _Alternative(Struct, frozen=True):
    transcript: str
    confidence: Probability | None = None
    words: list[_Word] = []


class _Channel(Struct, frozen=True):
    alternatives: list[_Alternative]


class _Metadata(Struct, frozen=True):
    request_id: str = ""


class _Results(Struct, frozen=True):
    channel: _Channel
    start: float
    duration: float
    is_final: bool
    channel_index: tuple[int, ...] = (0,)
    metadata: _Metadata = _Metadata()


class _Turn(Struct, frozen=True):
    event: str
    turn_index: int
    audio_window_end: float
    request_id: str = ""
    audio_window_start: float | None = None
    transcript: str = ""


class _Message(Struct, frozen=True):
    type: str
    request_id: str = ""
    duration: float = 0.0


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    message = shaped(payload, _Message)
    if message.type == "Results":
        results = shaped(payload, _Results)
        if results.channel.alternatives:
            yield _fragment(results, session)
    elif message.type == "TurnInfo":
        yield _turn(shaped(payload, _Turn), session)
    elif message.type == "Metadata":
        conversation = session.conversation(
            "deepgram", session.conversation_id or message.request_id
        )
        source = Source(vendor="deepgram", stream_id=message.request_id)
        yield control(
            ControlKind.ENDED,
            conversation,
            source,
            event_time=session.moment(lasting_ms(message.duration)),
            reason="completed",
        )


def _fragment(said: _Results, session: Session) -> Fragment:
    stream = said.metadata.request_id
    best = said.channel.alternatives[0]
    channel = said.channel_index[0] if said.channel_index else 0
    start_ms, end_ms = lasting_ms(said.start), lasting_ms(said.start + said.duration)
    return Fragment(
        conversation_id=session.conversation("deepgram", session.conversation_id or stream),
        fragment_id=f"{stream}:{channel}:{start_ms}",
        revision=max(0, end_ms),
        stage=Stage.FINAL if said.is_final else Stage.PARTIAL,
        text=best.transcript,
        speaker=_speaker(channel, best.words, session),
        track=str(channel),
        start_ms=start_ms,
        end_ms=end_ms,
        clock="stream",
        clock_origin=session.origin(),
        event_time=session.moment(end_ms),
        source=Source(vendor="deepgram", stream_id=stream),
        confidence=best.confidence if said.is_final and best.transcript else None,
    )


def _turn(said: _Turn, session: Session) -> Fragment:
    end_ms = lasting_ms(said.audio_window_end)
    start_s = said.audio_window_start
    return Fragment(
        conversation_id=session.conversation(
            "deepgram", session.conversation_id or said.request_id
        ),
        fragment_id=f"{said.request_id}:turn-{said.turn_index}",
        revision=max(0, end_ms),
        stage=Stage.FINAL if said.event == "EndOfTurn" else Stage.PARTIAL,
        text=said.transcript,
        speaker=session.speaker("0"),
        track="0",
        start_ms=None if start_s is None else lasting_ms(start_s),
        end_ms=end_ms,
        clock="stream",
        clock_origin=session.origin(),
        event_time=session.moment(end_ms),
        source=Source(vendor="deepgram", stream_id=said.request_id),
    )


def _speaker(channel: int, words: list[_Word], session: Session) -> Speaker:
    """By channel where that is configured, else by the one voice that speaks."""
    voices = {word.speaker for word in words if word.speaker is not None}
    if str(channel) in session.roles or len(voices) != 1:
        return session.speaker(str(channel))
    voice = f"speaker_{voices.pop()}"
    return Speaker(
        role=session.speaker(voice).role, role_source=RoleSource.DIARIZATION, label=voice
    )


CONNECTOR = Connector(
    vendor="deepgram",
    title="Deepgram",
    read=read,
    proof=Token(headers=("dg-token", "x-api-key")),
    needs="`started`; `roles` of the channels `0`, `1`",
)
