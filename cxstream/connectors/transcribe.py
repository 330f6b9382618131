"""Amazon Transcribe streaming: transcript events, and Call Analytics' utterance events.

Nothing on the wire says which call it is: the address does (`?conversation_id=`), or Chime SDK call analytics
in its `metadata`, which is an object here and JSON as text there. An utterance is known by
its channel and start, because a result's id was seen to change from partial to final. Field names come with
a capital or a small first letter. Source: docs.aws.amazon.com/transcribe, streaming and Call Analytics
responses.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cxstream.connectors.aws import AWS_TOKEN, firehose_reply, unwrapped
from cxstream.connectors.connector import Connector
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import capitalised, inner_json, lasting_ms, named, shaped
from cxstream.events import Fragment, Id, Role, RoleSource, Source, Speaker, Stage

_SOURCE = Source(vendor="aws", stream_id="transcribe")
_HEARD = frozenset(("TranscriptEvent", "UtteranceEvent"))
_ROLES = {"CUSTOMER": Role.CUSTOMER, "AGENT": Role.AGENT}


class _Item(Struct, frozen=True, rename="pascal"):
    confidence: float | None = None
    speaker: str | None = None


class _Alternative(Struct, frozen=True, rename="pascal"):
    transcript: str
    items: list[_Item] = []


class _Result(Struct, frozen=True, rename="pascal"):
    start_time: float
    end_time: float
    is_partial: bool
    alternatives: list[_Alternative]
    channel_id: str = ""
    language_code: str | None = None


class _Transcript(Struct, frozen=True, rename="pascal"):
    results: list[_Result]


class _TranscriptEvent(Struct, frozen=True, rename="pascal"):
    transcript: _Transcript


class _Utterance(Struct, frozen=True, rename="pascal"):
    utterance_id: Id
    participant_role: str
    is_partial: bool
    transcript: str
    begin_offset_millis: int
    end_offset_millis: int
    items: list[_Item] = []


def read(payload: Payload, session: Session) -> Iterator[Fragment]:
    """See `Connector.read`."""
    for inner, _ in unwrapped(payload):
        named = capitalised(inner)
        if "Service-type" in named and not _HEARD & named.keys():
            continue  # what Chime SDK says of the call
        conversation = session.conversation("transcribe", session.conversation_id or _call(named))
        if "UtteranceEvent" in named:
            said = shaped(named["UtteranceEvent"], _Utterance, "$.UtteranceEvent")
            yield _utterance(said, conversation, session)
        elif "CategoryEvent" not in named:
            at = "$.TranscriptEvent" if "TranscriptEvent" in named else "$"
            event = shaped(_whole(named.get("TranscriptEvent", named)), _TranscriptEvent, at)
            for result in event.transcript.results:
                if result.alternatives:
                    yield _result(result, conversation, session)


def _call(named: Payload) -> str | None:
    """The call that Chime SDK names beside an event."""
    told = named.get("Metadata")
    if isinstance(told, str):
        told = capitalised(inner_json(told, "$.metadata"))
    return str(told["CallId"]) if isinstance(told, dict) and told.get("CallId") else None


def _whole(event: object) -> object:
    """A result that stands alone, as an event of one."""
    if isinstance(event, dict) and "Alternatives" in event:
        return {"Transcript": {"Results": [event]}}
    return event


def _result(result: _Result, conversation: str, session: Session) -> Fragment:
    best = result.alternatives[0]
    start_ms, end_ms = lasting_ms(result.start_time), lasting_ms(result.end_time)
    voices = {item.speaker for item in best.items if item.speaker}
    track = result.channel_id or (f"spk_{voices.pop()}" if len(voices) == 1 else "")
    speaker = session.speaker(track)
    if not result.channel_id and track:
        speaker = Speaker(role=speaker.role, role_source=RoleSource.DIARIZATION, label=track)
    return Fragment(
        conversation_id=conversation,
        fragment_id=f"{result.channel_id}:{start_ms}",
        revision=max(0, end_ms),
        stage=Stage.PARTIAL if result.is_partial else Stage.FINAL,
        text=best.transcript,
        speaker=speaker,
        track=track or None,
        start_ms=start_ms,
        end_ms=end_ms,
        clock="stream",
        clock_origin=session.origin(),
        event_time=session.moment(end_ms),
        source=_SOURCE,
        language=result.language_code,
        confidence=_confidence(best.items),
    )


def _utterance(said: _Utterance, conversation: str, session: Session) -> Fragment:
    return Fragment(
        conversation_id=conversation,
        fragment_id=said.utterance_id,
        revision=max(0, said.end_offset_millis),
        stage=Stage.PARTIAL if said.is_partial else Stage.FINAL,
        text=said.transcript,
        speaker=named(_ROLES.get(said.participant_role)),
        track=said.participant_role,
        start_ms=said.begin_offset_millis,
        end_ms=said.end_offset_millis,
        clock="stream",
        clock_origin=session.origin(),
        event_time=session.moment(said.end_offset_millis),
        source=_SOURCE,
        confidence=_confidence(said.items),
    )


def _confidence(items: list[_Item]) -> float | None:
    """The mean over the words that have one; partials have none."""
    known = [item.confidence for item in items if item.confidence is not None]
    return min(1.0, max(0.0, sum(known) / len(known))) if known else None


CONNECTOR = Connector(
    vendor="transcribe",
    title="Amazon Transcribe",
    read=read,
    proof=AWS_TOKEN,
    reply=firehose_reply,
    needs="`conversation_id`, `started`; `roles` of `ch_0`, `ch_1`",
)
