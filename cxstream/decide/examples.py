"""The examples of a playbook, read from YAML: made-up moments, and what must come of them."""

from __future__ import annotations

from datetime import datetime

import yaml

from cxstream.decide import vocabulary
from cxstream.decide.located import Fields
from cxstream.decide.playbook import Example

EXAMPLE = (
    *("name", "on", "text", "intent", "probability", "facts", "given", "consents", "reached", "at"),
    "prefers",
    *("channel", "agent", "gives", "gives_not", "refuses", "follows", "follows_not"),
)
EXAMPLES_MAX = 1_000
NOTHING = "nothing"
GATES = (
    *("eligibility", "applicability", "suitability", "consent", "contact_policy"),
    *("one_mind", "attention"),
)


def read_examples(top: Fields, rules: tuple[str, ...]) -> tuple[Example, ...]:
    """All examples; `rules` are the ids that they may name."""
    nodes = top.items("examples") if top.has("examples") else []
    if len(nodes) > EXAMPLES_MAX:
        top.problem("examples", f"at most {EXAMPLES_MAX}")
    return tuple(_example(top, node, rules) for node in nodes)


def _example(top: Fields, node: yaml.Node, rules: tuple[str, ...]) -> Example:
    one = Fields(top.document, node, EXAMPLE, "example")
    one.require("name", "on", "gives")
    name = one.text("name", longest=120)
    one.what = f"example {name!r}"
    gives = () if one.is_text("gives") else one.choices("gives", rules)
    if one.is_text("gives"):
        one.choice("gives", (NOTHING,))
    return Example(
        name=name,
        on=one.choice("on", tuple(vocabulary.EVENTS)),
        gives=gives,
        gives_not=one.choices("gives_not", rules) if one.has("gives_not") else (),
        gives_nothing=one.is_text("gives"),
        refuses=_refuses(one, rules),
        text=one.text("text", longest=2_000),
        intent=one.choice("intent", vocabulary.INTENTS, "out_of_scope"),
        probability=one.share("probability", 0.9),
        facts=_facts(one),
        given={rule: _seconds(one, rule) for rule in _ids(one, "given", rules)},
        consents=_consents(one),
        reached=_reached(one),
        prefers=tuple(text for text, _ in one.texts("prefers")),
        at=_moment(one),
        channel=one.text("channel", "voice", loose=True),
        agent=one.flag("agent") is not False,
        follows=one.choices("follows", rules) if one.has("follows") else (),
        follows_not=one.choices("follows_not", rules) if one.has("follows_not") else (),
        line=node.start_mark.line + 1,
    )


def _ids(one: Fields, name: str, rules: tuple[str, ...]) -> list[str]:
    names = one.names(name)
    for rule in names:
        if rule not in rules:
            one.problem(name, f"no rule {rule!r}; {vocabulary.suggest(rule, rules)}")
    return names


def _seconds(one: Fields, rule: str) -> int:
    inside = one.fields("given", tuple(one.names("given")))
    return inside.whole(rule, 0, least=0, most=30 * 86_400)


def _refuses(one: Fields, rules: tuple[str, ...]) -> dict[str, str]:
    names = _ids(one, "refuses", rules)
    inside = one.fields("refuses", tuple(names)) if names else None
    return {rule: inside.choice(rule, GATES) for rule in names} if inside else {}


def _consents(one: Fields) -> dict[str, bool]:
    names = one.names("consents")
    inside = one.fields("consents", tuple(names)) if names else None
    return {name: bool(inside.flag(name)) for name in names} if inside else {}


def _reached(one: Fields) -> dict[str, int]:
    names = one.names("reached")
    inside = one.fields("reached", tuple(names)) if names else None
    if inside is None:
        return {}
    return {name: inside.whole(name, 0, least=0, most=60) for name in names}


def _moment(one: Fields) -> int:
    """Epoch milliseconds of `at`; 0 where none is given."""
    text = one.text("at", loose=True)
    if not text:
        return 0
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        when = datetime.min  # noqa: DTZ901  refused in the next line
    if when.tzinfo is None:
        one.problem("at", f"{text!r} is no moment; expected one as 2026-03-01T22:30:00Z")
        return 0
    return int(when.timestamp() * 1000)


def _facts(one: Fields) -> dict[str, object]:
    """Facts by full name, of the kind that the vocabulary says."""
    names = one.names("facts")
    inside = one.fields("facts", tuple(names)) if names else None
    facts: dict[str, object] = {}
    for name in names if inside else ():
        path = tuple(name.split("."))
        known, problem = vocabulary.resolve(path)
        if problem is not None or path[0] == vocabulary.GIVEN:
            one.problem("facts", problem or "given has a field of its own")
            continue
        assert inside is not None
        field = vocabulary.find(known)
        example = field.example if field is not None and not field.open else None
        facts[name] = inside.fact(name, example)
    return facts
