"""What a playbook is: the policy owner's rules as plain values, versioned.

`load` makes them from YAML and refuses what does not hold; everything after that may trust them.
Durations are whole seconds, priorities run from 0 to 100, probabilities from 0 to 1.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from cxstream.decide.conditions import Condition
from cxstream.decide.phrases import Phrases
from cxstream.decide.templates import Template

Severity = Literal["low", "medium", "high", "critical"]
OncePer = Literal["none", "conversation", "customer"]


class NudgeCard(Struct, frozen=True):
    """What the agent sees: a title of a few words, and words that can be said as they stand."""

    title: str
    say: Template


class ActionCall(Struct, frozen=True):
    """What a back-office system is asked to do, and whether a human must approve it first."""

    name: str
    parameters: tuple[tuple[str, Template], ...] = ()
    needs_approval: bool = False


class EscalationCall(Struct, frozen=True):
    """What a supervisor is told: a short machine word, how bad it is, and what has happened."""

    reason: str
    severity: Severity
    summary: Template


class Rule(Struct, frozen=True):
    """One rule: when it starts, when it applies, what it does, and how often it may.

    It starts on the events `on`, when one of `intents` is understood with at least `probability` or one of
    `phrases` is said (or at once, with neither); it applies when `when` holds too. A `when` that reads
    `phrases` decides alone. `needs_known_role` is None where every effect keeps its own default: a nudge
    may rest on a guessed role, an action or escalation may not.
    """

    id: str
    title: str
    on: tuple[str, ...]
    because: Template
    intents: tuple[str, ...] = ()
    probability: float = 0.5
    phrases: Phrases | None = None
    when: Condition | None = None
    priority: int = 50
    cooldown_s: int = 300
    valid_for_s: int = 60
    once_per: OncePer = "none"
    nudge: NudgeCard | None = None
    action: ActionCall | None = None
    escalation: EscalationCall | None = None
    withdraw_when: Condition | None = None
    withdraw_because: Template | None = None
    suppresses: tuple[str, ...] = ()
    needs_known_role: bool | None = None
    needs_model: bool = False


class Playbook(Struct, frozen=True):
    """A named and versioned set of rules; the version is part of every id that they give.

    `pace` says how many times longer everything lasts on a slow channel: who answers an e-mail reads a
    nudge an hour later.
    """

    name: str
    version: str
    rules: tuple[Rule, ...]
    title: str = ""
    pace: dict[str, int] = {}
