"""What a rule or a purpose asks before it is weighed, and what it weighs, read from YAML fields."""

from __future__ import annotations

from cxstream.decide.effects import is_id, read_condition
from cxstream.decide.located import Fields
from cxstream.decide.playbook import Worth
from cxstream.decide.policy import ContextWeight, Gates

GATES = ("eligible", "applicable", "suitable")
WORTH = ("value", "propensity", "evidence", "likely", "lever", "weighs_more")
PERCENT_MOST = 1_000
LIKELY_MAX = 20


def read_gates(given: Fields, scope: str) -> Gates:
    """The three conditions before consent."""
    return Gates(*(read_condition(given, name, scope=scope) for name in GATES))


def read_worth(given: Fields, scope: str) -> Worth:
    """What a rule weighs; a rule that says nothing weighs its priority."""
    likely = tuple(text for text, _ in given.texts("likely"))
    for label in likely:
        if not is_id(label):
            given.problem("likely", f"{label!r} is no next action of the model")
    if len(likely) > LIKELY_MAX:
        given.problem("likely", f"at most {LIKELY_MAX}")
    return Worth(
        propensity=given.share("propensity", 1.0),
        evidence=given.whole("evidence", 50, least=0, most=1_000_000),
        likely=likely,
        value=given.number("value", least=0, most=1_000_000) if given.has("value") else None,
        lever=read_percent(given, "lever"),
        weights=read_weights(given, scope),
    )


def read_percent(given: Fields, name: str) -> int:
    """Whole percents more, or less below 0."""
    return given.whole(name, 0, least=-100, most=PERCENT_MOST)


def read_weights(given: Fields, scope: str) -> tuple[ContextWeight, ...]:
    """`weighs_more`: a list of conditions, and by how many percent."""
    weights = []
    for node in given.items("weighs_more"):
        one = Fields(given.document, node, ("when", "by"), f"{given.what}: weighs_more")
        one.require("when", "by")
        condition = read_condition(one, "when", scope=scope)
        if condition is not None:
            weights.append(ContextWeight(condition, read_percent(one, "by")))
    return tuple(weights)
