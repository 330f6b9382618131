"""What the decide stage is asked, and what it answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from cxstream.context.given import Given
from cxstream.context.standing import Reached, Standing
from cxstream.decide.conditions import Facts
from cxstream.decide.playbook import NoteKind, Severity
from cxstream.decide.policy import ApprovalPolicy
from cxstream.events import Rejection, Weight, Why


class Elsewhere(Struct, frozen=True):
    """Another conversation in which a person is talking with the same customer at the same time."""

    conversation_id: str
    channel: str
    agent_id: str


class Moment(Struct, frozen=True):
    """Something that happened in a conversation, and all that a decision about it may rest on.

    `kind` is `utterance` or the type of a control event; `role` says who spoke ("" when nobody did).
    `text` is the utterance as said, after redaction. `event_time_ms` is UTC epoch milliseconds. `standing` is
    what the customer allows, `elsewhere` who else is talking with them, the latest first; `agent_turns` how
    often agents have spoken, `next_actions` what the agent will probably do next. `in_control`: the customer
    gets no suggestions this month, but for those for everybody (see `lessons.holdout`).
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
    bot_only: bool = False
    agent_turns: int = 0
    next_actions: tuple[tuple[str, float], ...] = ()
    standing: Standing = Standing()
    elsewhere: tuple[Elsewhere, ...] = ()
    in_control: bool = False


class ShowNudge(Struct, frozen=True):
    """Show the agent of a conversation a card."""

    agent_id: str
    title: str
    say: str
    conversation_id: str
    channel: str
    must_say: bool = False


class RequestAction(Struct, frozen=True):
    """Have a back-office system do something: after an approval, and not before a time, if they say so."""

    name: str
    parameters: dict[str, str]
    approval: ApprovalPolicy | None
    purpose: str
    contact: str = ""
    not_before_ms: int = 0


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
    conversation_id: str
    channel: str


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


class Noted(Struct, frozen=True):
    """Something to remember for the passport, of the rule that noted it."""

    rule: str
    kind: NoteKind
    text: str


class Decided(Struct, frozen=True):
    """The decisions of one moment, what is in force after it, and every candidate that was not chosen.

    Decisions come withdrawals first, then as they were weighed, the heaviest first. `reached` are the contacts
    with the customer that they bring, `notes` what is to be remembered. `weighed` is what each rule that
    applied weighed, heaviest first; `chances` how likely each of several was to be first, where that was
    drawn (see `lessons.strategy`).
    """

    decisions: tuple[Decision, ...]
    given: tuple[Given, ...]
    rejected: tuple[Rejection, ...] = ()
    reached: tuple[Reached, ...] = ()
    notes: tuple[Noted, ...] = ()
    weighed: tuple[tuple[str, Weight], ...] = ()
    chances: tuple[tuple[str, float], ...] = ()
