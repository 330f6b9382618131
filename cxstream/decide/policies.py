"""What a playbook lays down for all its rules, read from its YAML fields."""

from __future__ import annotations

from typing import get_args
from zoneinfo import ZoneInfo

from cxstream.decide.effects import is_id, read_approval
from cxstream.decide.located import Fields
from cxstream.decide.policy import (
    SERVICE,
    ApprovalPolicy,
    ContactPolicy,
    Limit,
    PassportPolicy,
    Policy,
    Purpose,
    QuietHours,
    Suppression,
)
from cxstream.decide.weights import GATES, read_gates, read_percent, read_weights
from cxstream.events import OutcomeKind

PURPOSES_MAX = 32
MEMBERS_MAX = 32
DAYS_MOST = 90
POLICY = ("purposes", "contact_policy", "approval", "passport")
PURPOSE = ("needs_consent", "for_everybody", *GATES, "lever", "weighs_more")
CONTACT = ("limits", "suppression", "quiet_hours", "preferred_by")
LIMIT = ("channel", "at_most", "within_days")
SUPPRESSION = ("after", "outcomes", "within_days", "for_days", "purpose")
QUIET = ("from", "until", "time_zone", "channels", "then")
PASSPORT = ("history", "valid_for_s", "attributes")
_HISTORY = ("opt_out", "opt_in", "never")


def read_policy(top: Fields) -> Policy:
    """The policy of a playbook; what it does not say keeps its default."""
    purposes = {SERVICE: Purpose()} | _purposes(top)
    return Policy(
        purposes=purposes,
        contact=_contact(top, tuple(purposes)),
        approval=read_approval(top, ApprovalPolicy()) if top.has("approval") else ApprovalPolicy(),
        passport=_passport(top),
    )


def _purposes(top: Fields) -> dict[str, Purpose]:
    names = tuple(top.names("purposes"))
    if not names:
        return {}
    if len(names) > PURPOSES_MAX:
        top.problem("purposes", f"at most {PURPOSES_MAX}")
    every = top.fields("purposes", names)
    purposes = {}
    for name in names:
        if not is_id(name):
            every.problem(name, "is no name; expected lower-case letters, digits and _")
        one = every.fields(name, PURPOSE)
        purposes[name] = Purpose(
            name=name,
            needs_consent=bool(one.flag("needs_consent")),
            for_everybody=bool(one.flag("for_everybody")),
            gates=read_gates(one, name),
            lever=read_percent(one, "lever"),
            weights=read_weights(one, name),
        )
    return purposes


def _contact(top: Fields, purposes: tuple[str, ...]) -> ContactPolicy:
    if not top.has("contact_policy"):
        return ContactPolicy()
    given = top.fields("contact_policy", CONTACT)
    return ContactPolicy(
        limits=tuple(_limit(one) for one in _members(given, "limits", LIMIT)),
        suppressions=tuple(
            _suppression(one, purposes) for one in _members(given, "suppression", SUPPRESSION)
        ),
        quiet=_quiet(given.fields("quiet_hours", QUIET)) if given.has("quiet_hours") else None,
        preferred_by=given.whole("preferred_by", ContactPolicy().preferred_by, least=0, most=100),
    )


def _members(given: Fields, name: str, known: tuple[str, ...]) -> list[Fields]:
    nodes = given.items(name)
    if len(nodes) > MEMBERS_MAX:
        given.problem(name, f"at most {MEMBERS_MAX}")
    return [Fields(given.document, node, known, f"{given.what}: {name}") for node in nodes]


def _limit(one: Fields) -> Limit:
    one.require(*LIMIT)
    return Limit(
        channel=one.text("channel", loose=True),
        at_most=one.whole("at_most", 1, least=0, most=1_000),
        within_days=one.whole("within_days", 7, least=1, most=DAYS_MOST),
    )


def _suppression(one: Fields, purposes: tuple[str, ...]) -> Suppression:
    one.require("after", "outcomes", "within_days", "for_days")
    return Suppression(
        after=one.whole("after", 1, least=1, most=100),
        outcomes=one.choices("outcomes", get_args(OutcomeKind)),
        within_days=one.whole("within_days", 30, least=1, most=DAYS_MOST),
        for_days=one.whole("for_days", 30, least=1, most=DAYS_MOST),
        purpose=one.choice("purpose", purposes),
    )


def _quiet(one: Fields) -> QuietHours:
    one.require("from", "until")
    zone = one.text("time_zone", "UTC")
    try:
        ZoneInfo(zone)
    except (OSError, ValueError):
        one.problem("time_zone", f"{zone!r} is no time zone; expected a name as Europe/London")
        zone = "UTC"
    then = one.choice("then", ("refuse", "wait"), "refuse")
    return QuietHours(
        begin_min=_minute(one, "from"),
        end_min=_minute(one, "until"),
        time_zone=zone,
        channels=tuple(text for text, _ in one.texts("channels")),
        then="wait" if then == "wait" else "refuse",
    )


def _minute(one: Fields, name: str) -> int:
    """The minute of the day that a time names."""
    text = one.text(name)
    hour, colon, minute = text.partition(":")
    if colon and hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60:
        return int(hour) * 60 + int(minute)
    if text:
        one.problem(name, f'{text!r} is no time of day; expected one as "21:00", in quotes')
    return 0


def _passport(top: Fields) -> PassportPolicy:
    if not top.has("passport"):
        return PassportPolicy()
    given = top.fields("passport", PASSPORT)
    history = given.choice("history", _HISTORY, "opt_out")
    return PassportPolicy(
        history="opt_in" if history == "opt_in" else "never" if history == "never" else "opt_out",
        valid_for_s=given.whole("valid_for_s", 86_400, least=60, most=30 * 86_400),
        attributes=tuple(text for text, _ in given.texts("attributes")),
    )
