"""Conditions: what they read, what missing and odd facts do, and what they may not do."""

from __future__ import annotations

from typing import Any

import pytest
from decide_moments import calm
from hypothesis import given
from hypothesis import strategies as st

from cxstream.decide.conditions import Condition, NotEvaluated, View, compile_condition


def compiled(source: str, groups: tuple[str, ...] = ()) -> Condition:
    condition, problems = compile_condition(source, groups)
    assert problems == []
    return condition


def holds(source: str, facts: dict[str, Any], said: tuple[str, ...] = ()) -> bool:
    condition, view = compiled(source, ("any", "loud")), View(facts)
    view.ready(condition, said)
    return view.holds(condition, said)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("utterance.anger >= 0.5 && conversation.negative_run >= 2", True),
        ("conversation.negative_run > 2.5", False),
        ('"refund_request" in conversation.intents', True),
        ("size(conversation.intents) == 1", True),
        ("conversation.intents.exists(i, i in customer.intents_before)", False),
        ("customer.attributes.vip", True),
        ("has(customer.attributes.vip) && !has(customer.attributes.age)", True),
        ("customer.last_24h.contacts == 0", True),
        ('utterance.text.contains("bill") // a comment', True),
        ('"utterance.anger" == "utterance.anger"', True),
        ("has(utterance.anger) && !has(given.other)", True),
        ("given.rule >= 20", True),
        ("phrases.any && !phrases.loud", True),
        ("double(conversation.negative_run) * 0.5 == 1.0", True),
    ],
)
def test_conditions_read_the_facts(source: str, expected: bool) -> None:
    facts = calm()
    facts["utterance"] |= {"anger": 0.6, "text": "my bill"}
    facts["conversation"] |= {"negative_run": 2, "intents": ["refund_request"]}
    facts["customer"]["attributes"] = {"vip": True}
    facts["given"] = {"rule": 25}
    assert holds(source, facts, ("any",)) is expected


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("utterance.anger > 0.5", "utterance.anger is not known here"),
        ("customer.attributes.vip == true", "'vip' is not known here"),
        ("conversation.level > 0.5", "an operation does not fit the types"),
        ("customer.attributes.odd", "it gives 'yes', not true or false"),
        ("1 / conversation.holds > 0", "division by zero"),
        ("conversation.intents[3] == conversation.channel", "index out of bounds"),
    ],
)
def test_missing_and_odd_facts_give_a_reason(source: str, reason: str) -> None:
    facts = calm()
    facts["utterance"] = {}
    facts["conversation"]["level"] = "low"
    facts["customer"]["attributes"] = {"odd": "yes"}
    condition, _ = compile_condition(source)
    view = View(facts)
    view.ready(condition)
    with pytest.raises(NotEvaluated, match=reason):
        view.holds(condition)


def test_what_is_missing_does_not_matter_where_the_rest_decides() -> None:
    facts = calm() | {"utterance": {}}
    assert holds('utterance.anger > 0.5 || conversation.channel == "voice"', facts)
    assert not holds('utterance.anger > 0.5 && conversation.channel == "chat"', facts)


def test_each_variable_is_asked_for_once_and_only_when_read() -> None:
    asked: list[str] = []

    def facts(name: str) -> dict[str, Any]:
        asked.append(name)
        return calm()[name]

    view = View(facts)
    for source in ("utterance.anger > 0.5", "utterance.abuse > 0.5", "conversation.level < 0.0"):
        condition = compiled(source)
        view.ready(condition)
        view.holds(condition)
    assert asked == ["utterance", "conversation"]


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters()),
        st.lists(st.one_of(st.integers(), st.text(st.characters()))),
        st.dictionaries(st.text(), st.integers()),
        st.just(object()),
    )
)
def test_no_value_of_a_fact_blows_up(value: object) -> None:
    facts = calm()
    facts["customer"]["attributes"] = {"x": value}
    facts["utterance"]["text"] = value
    for source in ("customer.attributes.x == 1", 'utterance.text == "a"'):
        try:
            assert holds(source, facts) in (True, False)
        except NotEvaluated as reason:
            assert str(reason)


@given(st.text("()![]&|=<>.,'\"01ax \n\\{}?:+-*/%", max_size=60))
def test_any_text_compiles_or_is_told(source: str) -> None:
    _, problems = compile_condition(source)
    assert all(isinstance(problem, str) and problem for problem in problems)


def test_reads_are_found_with_their_paths() -> None:
    condition = compiled("customer.last_24h.contacts > 1 && customer.attributes.vip == true")
    assert condition.paths == (("customer", "last_24h", "contacts"), ("customer", "attributes"))
    assert compiled("phrases.any", ("any",)).reads_phrases
    assert not condition.reads_phrases
