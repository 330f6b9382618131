"""What was decided, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct


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
