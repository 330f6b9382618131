"""Azure Communication Services: real-time transcription over a WebSocket that Azure opens to us.

Which call it is stands only in the first message and in the upgrade's headers. Times are ticks of 100 ns
from the start of the stream; one that can't be is left out. A participant is a phone (`4:+...`), most
likely the customer, or a user (`8:acs:...`), most likely an agent: guesses, unless `roles` has `4:` and
`8:`. Source: learn.microsoft.com/azure/communication-services, "Real-time transcription"; the token in
"Secure webhook".
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from cxstream.connectors.connector import Connector
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, shaped
from cxstream.connectors.tokens import SignedToken
from cxstream.events import (
    ControlKind,
    Fragment,
    Id,
    Probability,
    Redaction,
    Role,
    Source,
    Speaker,
    Stage,
    Transcript,
)

TICKS_PER_MS = 10_000
_LONGEST_MS = 7 * 86_400_000
_GUESSES = {"4:": Role.CUSTOMER, "8:": Role.AGENT}


class _Metadata(Struct, frozen=True, rename="camel"):
    call_connection_id: Id
    correlation_id: str = ""
    locale: str | None = None


_RENAMED = {
    "participant_raw_id": "participantRawID",
    "result_status": "resultStatus",
    "result_state": "resultState",
}


class _Data(Struct, frozen=True, rename=_RENAMED):
    text: str
    offset: int
    duration: int
    participant_raw_id: Id
    result_status: str = ""
    result_state: str = ""
    confidence: Probability | None = None


class _Packet(Struct, frozen=True, rename="camel"):
    kind: str
    transcription_metadata: _Metadata | None = None
    transcription_data: _Data | None = None


def remember(session: Session, payload: Payload) -> Session:
    """The call and its language, for the packets after the first."""
    if not str(payload.get("kind", "")).endswith("Metadata"):
        return session
    first = shaped(payload, _Packet).transcription_metadata
    if first is None:
        return session
    return replace(
        session,
        conversation_id=session.conversation_id or first.call_connection_id,
        language=session.language or _tag(first.locale),
    )


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    packet = shaped(payload, _Packet)
    if packet.transcription_metadata is not None:
        session = remember(session, payload)
        yield control(
            ControlKind.STARTED,
            session.conversation("azure"),
            _source(session),
            event_time=session.origin(),
            channel="voice",
        )
    elif packet.transcription_data is not None:
        yield _fragment(packet.transcription_data, session)


def _fragment(said: _Data, session: Session) -> Fragment:
    start_ms = said.offset // TICKS_PER_MS
    end_ms = (said.offset + said.duration) // TICKS_PER_MS
    placed = 0 <= start_ms <= end_ms <= _LONGEST_MS
    speaker = _speaker(said.participant_raw_id, session)
    final = (said.result_status or said.result_state).lower() == "final"
    return Fragment(
        conversation_id=session.conversation("azure"),
        fragment_id=f"{speaker.id}:{said.offset}",
        revision=max(0, said.duration // TICKS_PER_MS),
        stage=Stage.FINAL if final else Stage.PARTIAL,
        text=said.text,
        speaker=speaker,
        track=said.participant_raw_id[:2],
        start_ms=start_ms if placed else None,
        end_ms=end_ms if placed else None,
        clock="stream" if placed else "none",
        clock_origin=session.origin() if placed else None,
        event_time=session.moment(end_ms) if placed else None,
        redaction=Redaction("masked", "***") if "***" in said.text else Redaction(),
        source=_source(session),
        confidence=said.confidence if final else None,
    )


def _speaker(raw_id: str, session: Session) -> Speaker:
    """Who a participant is; a phone number leaves as a pseudonym."""
    kind = raw_id[:2]
    known = session.speaker(
        raw_id if raw_id in session.roles else kind, _GUESSES.get(kind, Role.UNKNOWN)
    )
    return replace(known, id=session.pseudonym("tel" if kind == "4:" else "acs", raw_id[2:]))


def _source(session: Session) -> Source:
    return Source(vendor="azure", stream_id=session.conversation_id or "")


def _tag(locale: str | None) -> str | None:
    """`en-us` as BCP 47 writes it."""
    language, dash, region = (locale or "").partition("-")
    return (language + dash + region.upper()) or None


CONNECTOR = Connector(
    vendor="azure",
    title="Azure Communication Services",
    read=read,
    remember=remember,
    proof=SignedToken(
        issuers=("https://acscallautomation.communication.azure.com",),
        keys_url="https://acscallautomation.communication.azure.com/calling/keys",
    ),
    needs="`audience` (the resource's id); `started`; over HTTP `conversation_id`",
)
