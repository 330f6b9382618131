"""What a rule gives, read from its YAML fields: a nudge, an action, an escalation, a note."""

from __future__ import annotations

from typing import cast, get_args

from cxstream.decide.conditions import Condition, compile_condition
from cxstream.decide.located import Fields
from cxstream.decide.playbook import (
    ActionCall,
    EscalationCall,
    Note,
    NoteKind,
    NudgeCard,
    Severity,
)
from cxstream.decide.policy import ApprovalPolicy
from cxstream.decide.spoken import ID, PATTERNS_MAX, PhraseLists, read_patterns
from cxstream.decide.templates import Template, compile_template

TITLE_MAX = 60
SAY_MAX = 240
ROLES_MAX = 8
_DAY_S = 86_400
NUDGE = ("title", "say", "heard_as", "not_heard_as")
APPROVAL = ("roles", "within_s", "otherwise")
ACTION = ("name", "parameters", "needs_approval", "approval", "contact")


def is_id(text: str) -> bool:
    """Whether a text may name a rule, an action, a purpose."""
    return ID.fullmatch(text) is not None


def read_id(given: Fields, name: str) -> str:
    """A name that machines use."""
    value = given.text(name, loose=True)
    if value and not is_id(value):
        given.problem(name, f"{value!r} is no name; expected lower-case letters, digits and _")
    return value


def read_template(given: Fields, name: str, *, longest: int = 500) -> Template:
    """A text with facts in it."""
    template, problems = compile_template(given.text(name, longest=longest))
    for problem in problems:
        given.problem(name, problem)
    return template


def read_condition(
    given: Fields, name: str, groups: tuple[str, ...] = (), scope: str = "rule"
) -> Condition | None:
    """A condition, or None where none is given."""
    source = given.text(name, longest=2_000, loose=True) if given.has(name) else ""
    if not source:
        return None
    condition, problems = compile_condition(source, groups, scope)
    for problem in problems:
        given.problem(name, problem)
    return condition


def read_nudge(given: Fields, lists: PhraseLists) -> NudgeCard | None:
    """The card, if the rule has one; `lists` are the playbook's shared phrases."""
    if not given.has("nudge"):
        return None
    card = given.fields("nudge", NUDGE)
    card.require("title", "say")
    found = NudgeCard(
        title=card.text("title", longest=TITLE_MAX),
        say=read_template(card, "say", longest=SAY_MAX),
        heard_as=read_patterns(card, "heard_as", lists),
        not_heard_as=read_patterns(card, "not_heard_as", lists),
    )
    if len(found.heard_as) + len(found.not_heard_as) > PATTERNS_MAX:
        card.problem("heard_as", f"at most {PATTERNS_MAX} in one card")
    return found


def read_action(given: Fields, usual: ApprovalPolicy) -> ActionCall | None:
    """The action, if the rule has one; `usual` is the approval of the playbook."""
    if not given.has("action"):
        return None
    call = given.fields("action", ACTION)
    call.require("name")
    names = tuple(call.names("parameters"))
    parameters = call.fields("parameters", names) if names else None
    approval = usual if call.flag("needs_approval") else None
    if call.has("approval"):
        if call.has("needs_approval"):
            call.problem("approval", "says it already; leave out needs_approval")
        approval = read_approval(call, usual)
    return ActionCall(
        name=read_id(call, "name"),
        parameters=tuple((p, read_template(parameters, p)) for p in names) if parameters else (),
        approval=approval,
        contact=read_id(call, "contact"),
    )


def read_approval(given: Fields, usual: ApprovalPolicy) -> ApprovalPolicy:
    """Who may allow it; what is not said is as `usual`."""
    fields = given.fields("approval", APPROVAL)
    roles = tuple(text for text, _ in fields.texts("roles")) or usual.roles
    if len(roles) > ROLES_MAX:
        fields.problem("roles", f"at most {ROLES_MAX}")
    otherwise = fields.choice("otherwise", ("expire", "escalate"), usual.otherwise)
    return ApprovalPolicy(
        roles=roles,
        within_s=fields.whole("within_s", usual.within_s, least=5, most=7 * _DAY_S),
        otherwise="escalate" if otherwise == "escalate" else "expire",
    )


def read_escalation(given: Fields) -> EscalationCall | None:
    """The escalation, if the rule has one."""
    if not given.has("escalation"):
        return None
    call = given.fields("escalation", ("reason", "severity", "summary"))
    call.require("reason", "severity", "summary")
    return EscalationCall(
        reason=call.text("reason", longest=100),
        severity=cast(Severity, call.choice("severity", get_args(Severity), "low")),
        summary=read_template(call, "summary"),
    )


def read_note(given: Fields) -> Note | None:
    """What is to be remembered, if anything: one of `tried` and `told`, with the text."""
    if not given.has("note"):
        return None
    kinds = get_args(NoteKind)
    fields = given.fields("note", kinds)
    named = [kind for kind in kinds if fields.has(kind)]
    if len(named) != 1:
        given.problem("note", "expected one of tried and told, with its text")
        return None
    return Note(cast(NoteKind, named[0]), read_template(fields, named[0], longest=SAY_MAX))
