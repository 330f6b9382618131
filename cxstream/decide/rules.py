"""One rule of a playbook, read from its YAML fields and checked as a whole."""

from __future__ import annotations

from typing import cast, get_args

import yaml

from cxstream.decide import vocabulary
from cxstream.decide.conditions import Condition
from cxstream.decide.effects import (
    is_id,
    read_action,
    read_condition,
    read_escalation,
    read_note,
    read_nudge,
    read_template,
)
from cxstream.decide.located import Document, Fields
from cxstream.decide.playbook import Give, OncePer, Rule
from cxstream.decide.policy import SERVICE, Policy
from cxstream.decide.spoken import PhraseLists, read_phrases
from cxstream.decide.templates import Template
from cxstream.decide.weights import WORTH, read_gates, read_worth

TURNS_MAX = 20
_DAY_S = 86_400
_RULE = (
    *("id", "title", "on", "intents", "probability", "phrases", "not_phrases", "when", "because"),
    *("priority", "cooldown_s", "valid_for_s", "for_turns", "once_per", "nudge", "action"),
    *("escalation", "note", "give", "withdraw_when", "withdraw_because", "suppresses"),
    *(
        "needs_known_role",
        "needs_model",
        "must_say",
        "purpose",
        "eligible",
        "applicable",
        "suitable",
    ),
    *WORTH,
)


def read_rule(
    document: Document, node: yaml.Node, lists: PhraseLists, policy: Policy
) -> Rule | None:
    """A rule, or None when the node is no mapping; `lists` are the playbook's shared phrases."""
    name = _id_of(node)
    given = Fields(document, node, _RULE, f"rule {name}" if name else "rule")
    if not isinstance(node, yaml.MappingNode):
        return None
    given.require("id", "title", "on", "because")
    on = given.choices("on", tuple(vocabulary.EVENTS))
    phrases = read_phrases(given, lists)
    groups = phrases.names if phrases else ()
    rule = Rule(
        id=_id(given),
        title=given.text("title", longest=100),
        on=on,
        because=read_template(given, "because"),
        intents=given.choices("intents", vocabulary.INTENTS),
        probability=given.share("probability", 0.5),
        phrases=phrases,
        when=read_condition(given, "when", groups, name),
        priority=given.whole("priority", 50, least=0, most=100),
        cooldown_s=given.whole("cooldown_s", 300, least=0, most=30 * _DAY_S),
        valid_for_s=given.whole("valid_for_s", 60, least=5, most=7 * _DAY_S),
        once_per=cast(OncePer, given.choice("once_per", get_args(OncePer), "none")),
        nudge=read_nudge(given, lists),
        action=read_action(given, policy.approval),
        escalation=read_escalation(given),
        withdraw_when=read_condition(given, "withdraw_when", scope=name),
        withdraw_because=read_template(given, "withdraw_because")
        if given.has("withdraw_because")
        else None,
        suppresses=tuple(text for text, _ in given.texts("suppresses")),
        needs_known_role=given.flag("needs_known_role"),
        needs_model=bool(given.flag("needs_model")),
        purpose=given.choice("purpose", tuple(policy.purposes), SERVICE),
        must_say=bool(given.flag("must_say")),
        gates=read_gates(given, name),
        worth=read_worth(given, name),
        give=cast(Give, given.choice("give", get_args(Give), "all")),
        for_turns=given.whole("for_turns", 0, least=0, most=TURNS_MAX),
        note=read_note(given),
    )
    _check_whole(given, rule)
    return rule


def _check_whole(given: Fields, rule: Rule) -> None:
    """What the fields of one rule must agree on."""
    if not any(map(given.has, ("nudge", "action", "escalation", "note"))):
        given.problem("id", "does nothing; expected nudge, action, escalation or note")
    if given.has("for_turns") and not given.has("nudge"):
        given.problem("for_turns", "only a nudge leaves the screen")
    if rule.must_say and any(map(given.has, WORTH)):
        given.problem(
            "must_say", "is never weighed; leave out " + ", ".join(filter(given.has, WORTH))
        )
    if given.has("withdraw_when") != given.has("withdraw_because"):
        given.problem(
            "withdraw_when", "belongs together with withdraw_because, which says it in words"
        )
    if given.has("withdraw_when") and not given.has("nudge"):
        given.problem("withdraw_when", "only a nudge can be withdrawn")
    if given.has("probability") and not given.has("intents"):
        given.problem("probability", "is the least for one of `intents`, which are not given")
    if given.has("intents") and rule.when is not None and rule.when.reads_phrases:
        given.problem(
            "intents",
            "have no effect: `when` reads phrases and decides alone; name the intent there",
        )
    if rule.needs_model and given.has("phrases") and not given.has("when"):
        given.problem("needs_model", "phrases need no model")
    events = [vocabulary.EVENTS[name][0] for name in rule.on if name in vocabulary.EVENTS]
    silent = [
        n
        for n in rule.on
        if vocabulary.EVENTS.get(n, ("", ""))[0] not in ("", vocabulary.UTTERANCE)
    ]
    if vocabulary.UTTERANCE in events and not any(map(given.has, ("intents", "phrases", "when"))):
        given.problem("on", "would start at every utterance; expected intents, phrases or when")
    if silent:
        for name in ("intents", "phrases"):
            if given.has(name):
                given.problem(name, f"nothing is said in a {silent[0]}; split the rule")
        for name in ("when", "because"):
            part: Condition | Template | None = getattr(rule, name)
            if part is not None and any(path[0] == "utterance" for path in part.paths):
                given.problem(
                    name, f"reads utterance, which a {silent[0]} does not have; split the rule"
                )


def _id_of(node: yaml.Node | None) -> str:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(value, yaml.ScalarNode) and key.value == "id":
                return str(value.value)
    return ""


def _id(given: Fields) -> str:
    value = given.text("id", loose=True)
    if value and not is_id(value):
        given.problem("id", f"{value!r} is no id; expected lower-case letters, digits and _")
    return value
