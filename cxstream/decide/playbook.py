"""What a playbook is: the policy owner's rules as plain values, versioned.

`load` makes them from YAML and refuses what does not hold; everything after that may trust them.
Durations are whole seconds, priorities run from 0 to 100, probabilities from 0 to 1.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from cxstream.decide.conditions import Condition
from cxstream.decide.patterns import Pattern
from cxstream.decide.phrases import Phrases
from cxstream.decide.policy import SERVICE, ApprovalPolicy, ContextWeight, Gates, Policy
from cxstream.decide.templates import Template

Severity = Literal["low", "medium", "high", "critical"]
OncePer = Literal["none", "conversation", "customer"]
Give = Literal["all", "one"]
NoteKind = Literal["tried", "told"]


class NudgeCard(Struct, frozen=True):
    """What the agent sees: a title of a few words, and words that can be said as they stand.

    `heard_as` is how an agent sounds who does it, in whatever words; `not_heard_as` what only sounds so.
    """

    title: str
    say: Template
    heard_as: tuple[Pattern, ...] = ()
    not_heard_as: tuple[Pattern, ...] = ()


class ActionCall(Struct, frozen=True):
    """What a back-office system is asked to do, and who must approve it first (None: nobody).

    `contact` is the channel on which it gets in touch with the customer, "" when it does not.
    """

    name: str
    parameters: tuple[tuple[str, Template], ...] = ()
    approval: ApprovalPolicy | None = None
    contact: str = ""


class EscalationCall(Struct, frozen=True):
    """What a supervisor is told: a short machine word, how bad it is, and what has happened."""

    reason: str
    severity: Severity
    summary: Template


class Note(Struct, frozen=True):
    """What is to be passed on: `tried` by the customer, or `told` and not to be asked again."""

    kind: NoteKind
    text: Template


class Worth(Struct, frozen=True):
    """What a rule weighs against others: P x C x V x L (see `arbitration`).

    `propensity` is assumed at the start, with the weight of `evidence` outcomes. `likely` names next actions of
    the model (or `intent`, its intent) whose probability is P instead. Without `value` V is the priority.
    """

    propensity: float = 1.0
    evidence: int = 50
    likely: tuple[str, ...] = ()
    value: float | None = None
    lever: int = 0
    weights: tuple[ContextWeight, ...] = ()


class Rule(Struct, frozen=True):
    """One rule: when it starts, when it applies, what it does, and how often it may.

    It starts on the events `on`, when one of `intents` is understood with at least `probability` or one of
    `phrases` is said (or at once, with neither); it applies when `when` holds too. A `when` that reads
    `phrases` decides alone. `needs_known_role` is None where every effect keeps its own default: a nudge
    may rest on a guessed role, an action or escalation may not. With `must_say` it goes before every other
    and past consent, contact policy and attention: what law or safety demands is not weighed. `give` `one`
    gives the lightest effect that works (see `choosing`), `for_turns` takes a card away after so many turns
    of the agent (0: only time does).
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
    purpose: str = SERVICE
    must_say: bool = False
    gates: Gates = Gates()
    worth: Worth = Worth()
    give: Give = "all"
    for_turns: int = 0
    note: Note | None = None


class Example(Struct, frozen=True):
    """A moment made up by the policy owner, and what must (and must not) come of it; runs as a test.

    `facts` are by full name (`conversation.negative_run`), what is not named is calm; `given` is by rule the
    seconds since it gave something here, `reached` by channel how often the customer was reached in the
    day before, `prefers` the channels that they like, the best first. `gives` and `gives_not` are rules,
    `refuses` by rule the gate at which it is turned down. `follows` and `follows_not` are rules whose card is
    on the screen: whether these words do what it advises. `line` is where it stands in the file.
    """

    name: str
    on: str
    gives: tuple[str, ...] = ()
    gives_not: tuple[str, ...] = ()
    gives_nothing: bool = False
    refuses: dict[str, str] = {}
    text: str = ""
    intent: str = "out_of_scope"
    probability: float = 0.9
    facts: dict[str, object] = {}
    given: dict[str, int] = {}
    consents: dict[str, bool] = {}
    reached: dict[str, int] = {}
    prefers: tuple[str, ...] = ()
    at: int = 0
    channel: str = "voice"
    agent: bool = True
    follows: tuple[str, ...] = ()
    follows_not: tuple[str, ...] = ()
    line: int = 0


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
    policy: Policy = Policy()
    examples: tuple[Example, ...] = ()
