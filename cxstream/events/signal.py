"""What was understood: scores of an utterance, and the state of its conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from cxstream.events.base import Role, RoleSource, Stage


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

    `model` is the name and version of what answered; `degraded`: a lighter one than should have
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

    `kind` is `utterance` or the type of the control event; `role` is who spoke, with `speaker.revised` who it
    was after all. `conversation` holds the conversation's facts
    (see `context.arc.facts`). `seq` rises by one a signal, so that a redelivered one is known.
    `deltas` is what it changes in the customer's windows: an amended or late utterance takes back what its
    earlier form had added. `next_actions` is what the agent will probably do next, at most five labels with
    their probabilities, while the customer had the last word. `overload` is there when the worker had more to
    do than it can: what it let go of (`partials`: partials were passed over; `light`: and lighter models
    answered; `agents`: and what agents say was not scored). Key: customer_id once known, else
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
    overload: Literal["partials", "light", "agents"] | None = None
