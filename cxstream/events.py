"""The records, one per arrow of the loop. The wire contract and its JSON Schema come from here.

    telephony ── Fragment, Control ──▶ cx.transcripts ──▶ understand
    understand ── Signal, CarryOver ──▶ cx.signals ──▶ decide
    decide ── Nudge ──▶ cx.nudges      ── Action ──▶ cx.actions
           ── Escalation ──▶ cx.escalations     ── Summary ──▶ cx.summaries
    CRM ── CustomerRecord ──▶ cx.customers
    anyone ── DeadLetter ──▶ cx.dead-letters

Every record is one JSON object with its `schema` inside (`cx.<name>.v<version>`). On the wire a time is
RFC 3339 in UTC; inside the program it is an integer, UTC epoch milliseconds, and its name ends in `_ms`.
Scores and probabilities are rounded to four decimals once, when they become part of a Signal, so that a
replay gives the same bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated, Literal

from msgspec import Meta, Struct

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(when: datetime) -> int:
    """Epoch milliseconds of an aware datetime; below a millisecond is cut off."""
    return (when - EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """The UTC datetime of epoch milliseconds."""
    return EPOCH + ms * _MS


def record_id(prefix: str, *parts: object) -> str:
    """A deterministic id: the same parts give the same id in every process and on every replay."""
    digest = blake2b("\x1f".join(map(str, parts)).encode("utf-8", "replace"), digest_size=12)
    return f"{prefix}_{digest.hexdigest()}"


Id = Annotated[str, Meta(min_length=1, max_length=512)]
Probability = Annotated[float, Meta(ge=0, le=1)]


class Role(StrEnum):
    """Who speaks."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SUPERVISOR = "supervisor"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class RoleSource(StrEnum):
    """How the role is known; rules may refuse to act on a guess (`diarization`, `unknown`)."""

    EXPLICIT = "explicit"
    CHANNEL_MAP = "channel_map"
    LABEL = "label"
    DIARIZATION = "diarization"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """How settled the text of a fragment is; `amended` beats `final` beats `partial`."""

    PARTIAL = "partial"
    FINAL = "final"
    AMENDED = "amended"


STAGE_RANK = {Stage.PARTIAL: 0, Stage.FINAL: 1, Stage.AMENDED: 2}


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


class Intent(Struct, frozen=True):
    """What the speaker wants: the best label, its probability, and the five best."""

    label: str
    probability: float
    ranking: tuple[tuple[str, float], ...]


class SentimentProbabilities(Struct, frozen=True):
    """One probability a class; they sum to one."""

    negative: float
    neutral: float
    positive: float


class Sentiment(Struct, frozen=True):
    """The tone of an utterance; `valence` = p(positive) - p(negative), from -1 to 1."""

    label: Literal["negative", "neutral", "positive"]
    valence: float
    probabilities: SentimentProbabilities


class Emotion(Struct, frozen=True):
    """Probability of each emotion, independent of one another."""

    anger: float
    dissatisfaction: float
    distress: float
    confusion: float
    satisfaction: float


class Scores(Struct, frozen=True):
    """Everything one pass of the model says of one text.

    `model` is the name and version of what answered; `degraded` marks the lexicon fallback.
    """

    intent: Intent
    sentiment: Sentiment
    emotion: Emotion
    abuse: float
    model: str
    degraded: bool = False


class Risk(Struct, frozen=True):
    """How the conversation is going, from 0 (well) to 1."""

    annoyed: float = 0.0
    dissatisfied: float = 0.0
    goal_not_met: float = 0.0


class Delta(Struct, frozen=True):
    """What a signal adds to the customer's windows at a moment of event time; negative takes back."""

    at: datetime
    add: dict[str, int]


class Signal(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.signal.v1"):
    """A scored utterance, or a moment of a conversation, with the state of the conversation after it.

    `kind` is `utterance` or the type of the control event. `conversation` holds the conversation's facts
    (see `context.arc.facts`). `seq` rises by one a signal, so that a redelivered one is known.
    `deltas` is what it changes in the customer's windows: an amended or late utterance takes back what its
    earlier form had added. `next_actions` is what the agent will probably do next, at most five labels with
    their probabilities, while the customer had the last word. Key: customer_id once known, else
    conversation_id. Order holds per key.
    """

    id: str
    kind: str
    conversation_id: str
    channel: str
    event_time: datetime
    seq: int
    tenant: str = "default"
    customer_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    fragment_id: str | None = None
    stage: Stage | None = None
    revision: int = 0
    role: Role | None = None
    role_source: RoleSource | None = None
    text: str | None = None
    scores: Scores | None = None
    risk: Risk | None = None
    next_actions: tuple[tuple[str, float], ...] = ()
    late: bool = False
    reason: str | None = None
    conversation: dict[str, object] = {}
    deltas: tuple[Delta, ...] = ()


class CarryOver(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.carryover.v1"):
    """Everything known under one key, on its way to the customer it turned out to belong to.

    First it travels empty to `from_key` (what is kept there?), then with `state` to `customer_id`.
    """

    id: str
    from_key: str
    customer_id: str
    event_time: datetime
    tenant: str = "default"
    state: str | None = None


class CustomerRecord(
    Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.customer.v1"
):
    """What a CRM or the privacy officer says of a customer (`cx.customer.v1`).

    `identity.linked`: `alias` (a conversation id, a phone number, another customer id) is this customer.
    `attributes.set`: facts that playbooks may read (segment, vulnerable, language, consent flags).
    """

    customer_id: Id
    type: Literal["identity.linked", "attributes.set"]
    event_time: datetime
    tenant: str = "default"
    alias: Id | None = None
    attributes: dict[str, str | bool | int | float] = {}


class Evidence(Struct, frozen=True):
    """The words a decision rests on: characters `start` to `end` of the utterance's text."""

    fragment_id: str
    start: int
    end: int
    text: str


class Carried(Struct, frozen=True):
    """Words that carried a score which a decision rests on: characters `start` to `end` of the utterance.

    `signal` names the score (`intent.cancel_service`, `emotion.anger`, `sentiment.negative`, `abuse`);
    `weight` is the words' share of all that spoke for it, 0 to 1.
    """

    signal: str
    fragment_id: str
    start: int
    end: int
    text: str
    weight: float


class RuleRef(Struct, frozen=True):
    """The rule that made a decision."""

    id: str
    playbook: str
    version: str


class Rejection(Struct, frozen=True):
    """A candidate that was not chosen, and why."""

    rule: str
    reason: str


class Why(Struct, frozen=True, omit_defaults=True):
    """A decision's explanation: the rule, the words, the numbers, and what was rejected.

    `evidence` is what the rule matched or quotes, `carried` which words the model's scores hang on.
    """

    rule: RuleRef
    because: str
    evidence: tuple[Evidence, ...] = ()
    scores: dict[str, float | str | bool] = {}
    rejected: tuple[Rejection, ...] = ()
    model: str | None = None
    degraded: bool = False
    carried: tuple[Carried, ...] = ()


class Nudge(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.nudge.v1"):
    """A decision shown to an agent while the customer is still talking. Key: agent_id.

    `status` is `shown`, or `withdrawn` when the reason for an earlier nudge (`withdraws`) is gone.
    """

    id: str
    conversation_id: str
    agent_id: str
    title: str
    say: str
    event_time: datetime
    expires_at: datetime
    why: Why
    priority: int = 50
    status: Literal["shown", "withdrawn"] = "shown"
    withdraws: str | None = None
    tenant: str = "default"
    customer_id: str | None = None
    channel: str = "voice"


class Action(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.action.v1"):
    """A next best action for a back-office system to carry out. Key: customer_id, else conversation_id."""

    id: str
    conversation_id: str
    action: str
    event_time: datetime
    expires_at: datetime
    why: Why
    parameters: dict[str, str] = {}
    needs_approval: bool = False
    tenant: str = "default"
    customer_id: str | None = None
    agent_id: str | None = None


class Escalation(
    Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.escalation.v1"
):
    """A conversation handed to a supervisor, with the reason and what has happened. Key: conversation_id."""

    id: str
    conversation_id: str
    reason: str
    severity: Literal["low", "medium", "high", "critical"]
    summary: str
    event_time: datetime
    why: Why
    tenant: str = "default"
    customer_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    channel: str = "voice"


class Summary(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.summary.v1"):
    """A conversation that ended: what it was about and how it went. Key: conversation_id.

    A late final within the grace period gives another summary with a higher `revision`.
    """

    id: str
    conversation_id: str
    event_time: datetime
    started_at: datetime
    ended_at: datetime
    reason: str
    disposition: str
    channel: str
    intents: tuple[str, ...]
    unresolved: tuple[str, ...]
    facts: dict[str, object]
    text: str
    revision: int = 0
    tenant: str = "default"
    customer_id: str | None = None
    agents: tuple[str, ...] = ()


class DeadLetter(
    Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.dead-letter.v1"
):
    """What could not be read, whole, with the reason and the place it came from. Key: the source key.

    `value` is the record's bytes: as text where they are UTF-8, else in base64 with `encoding` saying so.
    """

    id: str
    reason: str
    field: str
    mend: str
    topic: str
    partition: int
    offset: int
    value: str
    encoding: Literal["utf-8", "base64"] = "utf-8"
    key: str | None = None


Transcript = Fragment | Control
Output = Signal | CarryOver | CustomerRecord | Nudge | Action | Escalation | Summary | DeadLetter
