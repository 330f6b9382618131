"""Google Agent Assist: conversation and recognition events, pushed by Pub/Sub.

A message is final when `NEW_MESSAGE` brings it; the recogniser's own final comes as well, before or after,
and counts as one more partial of it. Names of conversations come with and without a location. Protobuf's
JSON leaves out what is false, zero or empty. Source: cloud.google.com/agent-assist/docs, "Pub/Sub
notifications"; push tokens: Pub/Sub, "Authenticate push subscriptions".
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from cxstream.connectors.connector import Connector
from cxstream.connectors.session import Payload, Session
from cxstream.connectors.shaped import control, json_body, lasting_ms, named, shaped, utc
from cxstream.connectors.tokens import SignedToken
from cxstream.errors import RecordError
from cxstream.events import (
    ControlKind,
    Fragment,
    Id,
    Probability,
    Role,
    Source,
    Stage,
    Transcript,
)

_SOURCE = Source(vendor="google", stream_id="agentassist")
_ROLES = {
    "END_USER": Role.CUSTOMER,
    "HUMAN_AGENT": Role.AGENT,
    "AUTOMATED_AGENT": Role.BOT,
}
_KINDS = {
    "CONVERSATION_STARTED": (ControlKind.STARTED, None),
    "CONVERSATION_FINISHED": (ControlKind.ENDED, "completed"),
    "UNRECOVERABLE_ERROR": (ControlKind.ENDED, "failed"),
}
_DATA = "$.message.data"


class _Pushed(Struct, frozen=True, rename="camel"):
    data: str
    message_id: str = ""
    publish_time: datetime | None = None
    attributes: dict[str, str] = {}


class _Push(Struct, frozen=True):
    message: _Pushed


class _Event(Struct, frozen=True, rename="camel"):
    conversation: Id
    type: str = ""


class _NewMessage(Struct, frozen=True, rename="camel"):
    name: Id
    participant_role: str = ""
    content: str = ""
    language_code: str | None = None
    create_time: datetime | None = None


class _Recognised(Struct, frozen=True, rename="camel"):
    transcript: str = ""
    stability: Probability | None = None
    speech_end_offset: str = "0s"
    language_code: str | None = None


def read(payload: Payload, session: Session) -> Iterator[Transcript]:
    """See `Connector.read`."""
    pushed = shaped(payload, _Push).message
    try:
        inner = json_body(base64.b64decode(pushed.data, validate=True))
    except (ValueError, RecordError):
        mend = "send the event's JSON in base64, as Pub/Sub does"
        raise RecordError("bad_value", field=_DATA, mend=mend) from None
    event = shaped(inner, _Event, _DATA)
    conversation = session.conversation("google", event.conversation.rsplit("/", 1)[-1])
    if "newMessagePayload" in inner:
        message = shaped(inner["newMessagePayload"], _NewMessage, f"{_DATA}.newMessagePayload")
        yield _final(message, pushed, conversation)
    elif "newRecognitionResultPayload" in inner:
        at = f"{_DATA}.newRecognitionResultPayload"
        yield _partial(
            shaped(inner["newRecognitionResultPayload"], _Recognised, at), pushed, conversation
        )
    elif happened := _KINDS.get(event.type):
        yield control(
            happened[0],
            conversation,
            _SOURCE,
            event_time=pushed.publish_time,
            reason=happened[1],
        )


def _final(said: _NewMessage, pushed: _Pushed, conversation: str) -> Fragment:
    return Fragment(
        conversation_id=conversation,
        fragment_id=said.name.rsplit("/", 1)[-1],
        stage=Stage.FINAL,
        text=said.content,
        speaker=named(_ROLES.get(said.participant_role), label=said.participant_role),
        event_time=utc(said.create_time or pushed.publish_time),
        source=_SOURCE,
        language=said.language_code,
        delivery_id=pushed.message_id or None,
    )


def _partial(said: _Recognised, pushed: _Pushed, conversation: str) -> Fragment:
    message_id = pushed.attributes.get("message_id")
    if not message_id:
        raise RecordError(
            "missing_field",
            field="$.message.attributes.message_id",
            mend="push the attributes as Agent Assist sets them",
        )
    end_ms = _offset_ms(said.speech_end_offset)
    role = pushed.attributes.get("participant_role", "")
    return Fragment(
        conversation_id=conversation,
        fragment_id=message_id,
        revision=end_ms,
        stage=Stage.PARTIAL,
        text=said.transcript,
        speaker=named(_ROLES.get(role), label=role),
        end_ms=end_ms,
        clock="stream",
        event_time=utc(pushed.publish_time),
        source=_SOURCE,
        language=said.language_code,
        stability=said.stability,
        delivery_id=pushed.message_id or None,
    )


def _offset_ms(duration: str) -> int:
    """A protobuf duration (`3.300s`)."""
    try:
        return max(0, lasting_ms(float(duration.removesuffix("s"))))
    except (ValueError, OverflowError):
        field = f"{_DATA}.newRecognitionResultPayload.speechEndOffset"
        raise RecordError("bad_value", field=field, mend="send a duration such as 3.300s") from None


CONNECTOR = Connector(
    vendor="google",
    title="Google Agent Assist (Pub/Sub push)",
    read=read,
    proof=SignedToken(
        issuers=("https://accounts.google.com", "accounts.google.com"),
        keys_url="https://www.googleapis.com/oauth2/v3/certs",
    ),
    needs="`audience` as set on the subscription",
)
