"""A quick condition says what the CEL library says, whatever the expression and the facts, or nothing."""

from __future__ import annotations

import contextlib
import math
import weakref
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cxstream.decide.conditions import Condition, NotEvaluated, View, compile_condition
from cxstream.decide.load import default_playbook

GROUPS = ("loud", "soft")


def answer(condition: Condition, facts: Mapping[str, Mapping[str, Any]], said: set[str]) -> object:
    try:
        return View(facts).holds(condition.heard(said), said)
    except NotEvaluated as reason:
        return str(reason)


def by_library(condition: Condition) -> Condition:
    silent = condition.unsaid and replace(condition.unsaid, quick=None)
    return replace(condition, quick=None, unsaid=silent)


@pytest.mark.parametrize(
    "source",
    [
        "utterance.negative >= 0.5 && conversation.negative_run >= 2",
        "!conversation.bot_only && (phrases.loud || !phrases.soft)",
        'utterance.intent in ["thanks", "goodbye"] || "refund_request" in conversation.intents',
        "has(given.other) && given.other < 30 && !has(customer.attributes.vip)",
        "conversation.gap_s - conversation.hold_s >= 20 && -0.5 < conversation.level",
        'size(conversation.unresolved) > 0 && conversation.intents.exists(i, i == "deny")',
        'customer.attributes.tier == "gold" && customer.attributes.vip != false',
        "utterance.intent in customer.intents_before // a comment",
    ],
)
def test_everyday_conditions_are_quick(source: str) -> None:
    condition, problems = compile_condition(source, GROUPS)
    assert not problems
    assert condition.quick is not None


@pytest.mark.parametrize(
    "source",
    [
        "utterance.anger > utterance.negative",
        "conversation.bot_only ? true : conversation.ended",
        "customer.attributes.vip == null",
        "conversation.level > 1e-1",
        "conversation.level > -utterance.anger",
        'utterance.text.contains("bill")',
        'utterance.text == "why?"',
        "conversation.intents[0] == conversation.channel",
        "(conversation.holds > 1) == conversation.ended",
        "!conversation.ended == conversation.bot_only",
        '"""three""" == utterance.text',
        "conversation.holds + 1 > 2",
        "conversation.holds * 2 > 2",
        "conversation.holds > 9007199254740992",
    ],
)
def test_what_is_more_is_left_to_the_library(source: str) -> None:
    assert compile_condition(source, GROUPS)[0].quick is None


def test_every_condition_of_the_shipped_playbook_is_quick() -> None:
    rules = default_playbook().rules
    conditions = [c for r in rules for c in (r.when, r.withdraw_when) if c is not None]
    assert conditions
    for condition in conditions:
        assert condition.quick is not None, condition.source
        assert condition.unsaid is None or condition.unsaid.quick is not None, condition.source


class Kept(dict[str, Any]):
    """Facts that can be seen to be gone."""


@pytest.mark.parametrize(
    "source",
    [
        "conversation.level > 0.5",
        'conversation.level == "low"',
        "size(conversation.level) > 0",
        "conversation.level - conversation.gap_s > 1.0",
        "!conversation.level && conversation.channel in conversation.level",
        'conversation.level.exists(i, i == "deny")',
        "has(customer.attributes.vip)",
    ],
)
def test_facts_that_fit_nothing_are_let_go_of(source: str) -> None:
    # an exception that is raised again and again remembers every place it came through, with all that was there
    condition, _ = compile_condition(source)
    facts = Kept(
        conversation={"level": object(), "gap_s": None, "channel": 3}, customer={"attributes": 7}
    )
    with contextlib.suppress(NotEvaluated):
        View(facts).holds(condition)
    gone = weakref.ref(facts)
    del facts
    assert gone() is None


NUMBERS = ("utterance.anger", "conversation.level", "conversation.holds", "given.other")
TRUTHS = ("conversation.bot_only", "conversation.ended", "customer.attributes.vip")
TEXTS = ("utterance.intent", "conversation.channel", "customer.attributes.tier")
LISTS = ("conversation.intents", "customer.intents_before", "conversation.unresolved")
FACTS = (*NUMBERS, *TRUTHS, *TEXTS, *LISTS)
WORDS = ("thanks", "deny", "voice", "gold", "")

AMONG = "utterance.intent in conversation.intents"

fact = st.sampled_from(FACTS)
bound = st.sampled_from(["0", "1", "2", "-1", "0.5", "-0.25", "1.0", "2.0", "3000000000"])
# Intents and channels have closed vocabularies, in which a condition may not be wrong.
word = st.sampled_from(["thanks", "deny"]).map(lambda text: f'"{text}"')
mark = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
literal = st.one_of(bound, word, st.sampled_from(["true", "false"]))
flat = st.one_of(
    st.tuples(fact, mark, literal).map(" ".join),
    st.tuples(literal, mark, fact).map(" ".join),
    st.tuples(word, st.just("in"), fact).map(" ".join),
    st.tuples(fact, st.just("in"), fact).map(" ".join),
    st.tuples(fact, st.lists(word, min_size=1, max_size=2)).map(
        lambda of: f"{of[0]} in [{', '.join(of[1])}]"
    ),
    st.tuples(fact, word).map(lambda of: f"{of[0]}.exists(i, i in [{of[1]}])"),
    st.tuples(fact, word).map(lambda of: f"{of[0]}.exists(i, i == {of[1]})"),
    st.tuples(fact, st.sampled_from("+-"), fact, mark, bound).map(" ".join),
    st.tuples(fact, mark, bound).map(lambda of: f"size({of[0]}) {of[1]} {of[2]}"),
    st.sampled_from([*TRUTHS, *FACTS, "true", "false", "phrases.loud", "phrases.soft"]),
    fact.map(lambda name: f"has({name})"),
    fact.map(lambda name: f"!{name}"),
)
expressions = st.recursive(
    flat,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, mark, literal).map(" ".join),
    ),
    max_leaves=6,
)

usual = {
    **dict.fromkeys(NUMBERS, st.sampled_from([0, 1, 2, 0.5, -0.25, 1.0, 2.0, 10**12])),
    **dict.fromkeys(TRUTHS, st.booleans()),
    **dict.fromkeys(TEXTS, st.sampled_from(WORDS)),
    **dict.fromkeys(LISTS, st.lists(st.sampled_from(WORDS), max_size=3)),
}
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**63, -(2**70)]),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(["than\ud800ks", "?", "a\x00b"]),
    st.lists(
        st.one_of(st.none(), st.integers(), st.sampled_from(["deny", "de\udc00"])), max_size=3
    ),
    st.dictionaries(st.sampled_from(["deny", "vip"]), st.none() | st.integers(), max_size=2),
)


@st.composite
def moments(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Facts as they should be, with a few that are missing or of any other kind."""
    facts: dict[str, dict[str, Any]] = {n: {} for n in ("utterance", "conversation", "given")}
    facts["customer"] = {"attributes": {}}
    strange = draw(st.sets(fact, max_size=3))
    for name in FACTS:
        *path, leaf = name.split(".")
        here = facts
        for part in path:
            here = here[part]
        value = draw(odd if name in strange else usual[name])
        if value is not None or draw(st.booleans()):
            here[leaf] = value
    if draw(st.booleans()) and draw(st.booleans()):
        facts["customer"] = {}
    return facts


@settings(max_examples=1_500, deadline=None)
@given(expressions, moments(), st.sets(st.sampled_from(GROUPS)))
@example("conversation.level >= 0.5", {"conversation": {"level": math.nan}}, set())
@example("conversation.level != 0.5", {"conversation": {"level": math.nan}}, set())
@example("conversation.ended || conversation.holds > 1", {"conversation": {"holds": 2}}, set())
@example("conversation.ended && conversation.holds > 2", {"conversation": {"holds": 2}}, set())
@example("conversation.holds == 1", {"conversation": {"holds": True}}, set())
@example(AMONG, {"utterance": {"intent": "a\ud800"}, "conversation": {"intents": ["a?"]}}, set())
@example(AMONG, {"utterance": {"intent": "a?"}, "conversation": {"intents": ["a\ud800"]}}, set())
def test_it_says_what_the_library_says(
    source: str, facts: dict[str, dict[str, Any]], said: set[str]
) -> None:
    condition, problems = compile_condition(source, GROUPS)
    if not problems:
        assert answer(condition, facts, said) == answer(by_library(condition), facts, said)
