"""What telephony sends: fragments, and what happens to a conversation beside them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from cxstream.events.base import Id, Probability, Role, RoleSource, Stage


class Source(Struct, frozen=True, omit_defaults=True):
    """Where a fragment came from: the vendor, our connector, and the vendor's session."""

    vendor: str = "native"
    connector: str = ""
    stream_id: str = ""


class Speaker(Struct, frozen=True, omit_defaults=True):
    """Who said it, and how that is known."""

    role: Role = Role.UNKNOWN
    role_source: RoleSource = RoleSource.EXPLICIT
    id: str | None = None
    label: str | None = None


class Clears(Struct, frozen=True):
    """A final that closes an open slot: partials of `fragment_id` with a revision under `below` are void."""

    fragment_id: Id
    below: int


class Redaction(Struct, frozen=True, omit_defaults=True):
    """What was masked before the text reached us."""

    state: Literal["none", "masked", "unknown"] = "unknown"
    style: str | None = None


class Fragment(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.fragment.v1"):
    """One revision of one utterance or message, as telephony sends it (`cx.fragment.v1`).

    `fragment_id` is stable over all revisions of one utterance; `revision` comes from the payload, never
    from arrival, so that redelivery changes nothing. With `part` set, `text` is a delta at that position;
    without it the text is cumulative. `start_ms` and `end_ms` count on the media clock.
    """

    conversation_id: Id
    fragment_id: Id
    text: str
    revision: int = 0
    stage: Stage = Stage.FINAL
    speaker: Speaker = Speaker()
    channel: str = "voice"
    event_time: datetime | None = None
    ingest_time: datetime | None = None
    tenant: str = "default"
    source: Source = Source()
    leg_id: str | None = None
    clears: Clears | None = None
    part: int | None = None
    track: str | None = None
    text_format: Literal["plain", "html", "markdown"] = "plain"
    visibility: Literal["public", "internal"] = "public"
    redaction: Redaction = Redaction()
    start_ms: int | None = None
    end_ms: int | None = None
    clock: Literal["conversation", "stream", "none"] = "none"
    clock_origin: datetime | None = None
    language: str | None = None
    confidence: Probability | None = None
    stability: Probability | None = None
    customer_id: Id | None = None
    agent_id: Id | None = None
    queue: str | None = None
    delivery_id: str | None = None


class ControlKind(StrEnum):
    """What happened to a conversation, beside what was said in it."""

    STARTED = "conversation.started"
    UPDATED = "conversation.updated"
    ENDED = "conversation.ended"
    HOLD = "hold"
    RESUME = "resume"
    TRANSFER = "transfer"
    HEARTBEAT = "heartbeat"
    SPEAKER_REVISED = "speaker.revised"
    FRAGMENT_DELETED = "fragment.deleted"


class Control(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.control.v1"):
    """A conversation control event, on the same key as the fragments (`cx.control.v1`).

    `control_id` names the event for deduplication; without it the event is known by its content.
    `reason` belongs to `conversation.ended` (completed, failed, timeout) and to `transfer`;
    `fragment_id` to `fragment.deleted` and `speaker.revised`, which also gives the new `speaker`.
    """

    conversation_id: Id
    type: ControlKind
    control_id: str | None = None
    event_time: datetime | None = None
    ingest_time: datetime | None = None
    tenant: str = "default"
    source: Source = Source()
    channel: str | None = None
    customer_id: Id | None = None
    agent_id: Id | None = None
    queue: str | None = None
    leg_id: str | None = None
    reason: str | None = None
    fragment_id: Id | None = None
    speaker: Speaker | None = None
    labels: dict[str, str] = {}


Transcript = Fragment | Control
