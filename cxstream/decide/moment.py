"""What the decide stage is asked, and what it answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from cxstream.context.given import Given
from cxstream.decide.conditions import Facts
from cxstream.decide.playbook import Severity
from cxstream.events import Rejection, Why


class Moment(Struct, frozen=True):
    """Something that happened in a conversation, and all that a decision about it may rest on.

    `kind` is `utterance` or the type of a control event; `role` says who spoke ("" when nobody did).
    `text` is the utterance as said, after redaction. `event_time_ms` is UTC epoch milliseconds.
    """

    signal_id: str
    kind: str
    conversation_id: str
    event_time_ms: int
    facts: Facts
    role: str = ""
    customer_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    channel: str = "voice"
    tenant: str = "default"
    fragment_id: str | None = None
    text: str | None = None
    intent: str | None = None
    probability: float = 0.0
    model: str | None = None
    degraded: bool = False
    role_guessed: bool = False


class ShowNudge(Struct, frozen=True):
    """Show the agent a card."""

    agent_id: str
    title: str
    say: str


class RequestAction(Struct, frozen=True):
    """Have a back-office system do something."""

    name: str
    parameters: dict[str, str]
    needs_approval: bool


class Escalate(Struct, frozen=True):
    """Hand the conversation to a supervisor."""

    reason: str
    severity: Severity
    summary: str


class WithdrawNudge(Struct, frozen=True):
    """Take a card off the agent's screen; `nudge_id` is the decision that had shown it."""

    agent_id: str
    nudge_id: str
    title: str


Effect = ShowNudge | RequestAction | Escalate | WithdrawNudge
Kind = Literal["nudge", "action", "escalation", "withdrawal"]


class Decision(Struct, frozen=True):
    """One decision with everything its record needs but what the moment says itself (see `records`).

    `id` is a function of the signal, the rule and the playbook's version: a replay gives the same.
    """

    id: str
    kind: Kind
    effect: Effect
    priority: int
    expires_at_ms: int
    why: Why


class Decided(Struct, frozen=True):
    """The decisions of one moment, what is in force after it, and every candidate that was not chosen.

    Decisions come withdrawals first, then by priority, highest first; equal priorities by rule id.
    """

    decisions: tuple[Decision, ...]
    given: tuple[Given, ...]
    rejected: tuple[Rejection, ...] = ()
