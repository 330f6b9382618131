"""What a playbook lays down for all its rules: purposes, contact policy, approval, passports.

Plain values with defaults under which nothing is limited and nothing needs consent. Weights and levers are
whole percents: those that apply are summed, and the factor is (sum / 100) + 1, so that 55 gives 1.55.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from cxstream.decide.conditions import Condition

ANY_CHANNEL = "any"
SERVICE = "service"
"""The purpose of a rule that names none: helping with what the customer came for."""

DAY_MS = 86_400_000


class ContextWeight(Struct, frozen=True):
    """So many percent more (or less, below 0) while a condition holds."""

    when: Condition
    by: int


class Gates(Struct, frozen=True):
    """Conditions that must all hold before a candidate is weighed; None asks nothing.

    `eligible`: may this customer get it at all? `applicable`: does it make sense now? `suitable`: is it good
    for this customer? What cannot be evaluated does not hold.
    """

    eligible: Condition | None = None
    applicable: Condition | None = None
    suitable: Condition | None = None

    def all(self) -> tuple[Condition | None, ...]:
        """The three of them, in the order in which they are asked."""
        return self.eligible, self.applicable, self.suitable


class Purpose(Struct, frozen=True):
    """Why the customer is served or approached; consents are given by purpose.

    What is `for_everybody` is never kept from the control group: whoever goes without it may come to harm.
    """

    name: str = SERVICE
    needs_consent: bool = False
    for_everybody: bool = False
    gates: Gates = Gates()
    lever: int = 0
    weights: tuple[ContextWeight, ...] = ()


class Limit(Struct, frozen=True):
    """At most so many contacts on a channel (`any`: on all together) within so many days."""

    channel: str
    at_most: int
    within_days: int


class Suppression(Struct, frozen=True):
    """After so many of these outcomes of a rule within some days it pauses for a while."""

    after: int
    outcomes: tuple[str, ...]
    within_days: int
    for_days: int
    purpose: str = ""


class QuietHours(Struct, frozen=True):
    """When nobody is approached, in minutes of the day; the customer's own hours and zone go first."""

    begin_min: int
    end_min: int
    time_zone: str = "UTC"
    channels: tuple[str, ...] = ()
    then: Literal["refuse", "wait"] = "refuse"


class ContactPolicy(Struct, frozen=True):
    """How often, when and on which channel a customer may be approached by ourselves.

    `preferred_by`: so many percent more weighs what reaches them on the channel that they like best, so many
    less what comes on one that they did not name; who has told no preference likes all the same.
    """

    limits: tuple[Limit, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    quiet: QuietHours | None = None
    preferred_by: int = 25


class ApprovalPolicy(Struct, frozen=True):
    """Who may allow an action, for how long they are waited for, and what happens when nobody answers."""

    roles: tuple[str, ...] = ("supervisor",)
    within_s: int = 900
    otherwise: Literal["expire", "escalate"] = "expire"


class PassportPolicy(Struct, frozen=True):
    """What may be passed on to whoever is next.

    `history`: whether earlier conversations are told of unless the customer said no to the purpose `history`
    (`opt_out`), only after a yes (`opt_in`), or not at all (`never`). `attributes` are those of the CRM that
    may be named.
    """

    history: Literal["opt_out", "opt_in", "never"] = "opt_out"
    valid_for_s: int = 86_400
    attributes: tuple[str, ...] = ()


class Policy(Struct, frozen=True):
    """All of it; a purpose that it does not name needs no consent and has no levers."""

    purposes: dict[str, Purpose] = {}
    contact: ContactPolicy = ContactPolicy()
    approval: ApprovalPolicy = ApprovalPolicy()
    passport: PassportPolicy = PassportPolicy()
