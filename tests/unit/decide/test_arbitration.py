"""Priority = P x C x V x L: the worked examples of the published formula, order, and where P comes from."""

from __future__ import annotations

import itertools

import pytest
from decide_moments import decider, moment
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cxstream.context.standing import Standing
from cxstream.decide.arbitration import factor
from cxstream.decide.decider import Decider
from cxstream.decide.load import load_playbook
from cxstream.decide.moment import Moment
from cxstream.decide.propensity import Learnt, smoothed
from cxstream.events import Preferences, Weight

RULE = (
    "- {{id: {id}, title: t, on: [customer_utterance], phrases: [go], because: b,"
    " nudge: {{title: {id}, say: {id}}}, {more}}}\n"
)


class Told:
    """A learner that says what a test told it."""

    def __init__(self, **learnt: Learnt) -> None:
        self._learnt = learnt

    def learnt(self, rule: str, moment: Moment) -> Learnt | None:
        return self._learnt.get(rule)


def weight(rules: str, at: Moment, told: Told | None = None) -> Weight:
    one = decider(rules)
    decided = Decider(one.playbooks, told).decide(at, ())
    found = decided.decisions[0].why.weight
    assert found is not None
    return found


def test_levers_and_context_weights_are_summed_as_percents() -> None:
    assert factor([20, 25, 10]) == pytest.approx(1.55)
    assert factor([55]) == 1.55
    assert factor([]) == 1.0
    assert factor([-150]) == 0.0


def test_a_new_action_is_smoothed_as_published() -> None:
    """Starting evidence 50 at 0.30: without evidence, in between, and when much is known."""
    assert smoothed(Learnt(0.9, 0), 0.30, 50) == pytest.approx(50 / 51 * 0.30)
    assert smoothed(Learnt(0.9, 10), 0.30, 50) == pytest.approx(50 / 61 * 0.30 + 10 / 61 * 0.9)
    assert smoothed(Learnt(0.9, 49), 0.30, 50) == pytest.approx(0.5 * 0.30 + 0.49 * 0.9)
    assert smoothed(Learnt(0.9, 1_000_000), 0.30, 50) == pytest.approx(0.9, abs=1e-4)
    assert smoothed(None, 0.30, 50) == 0.30


def test_the_four_factors_are_multiplied_and_shown() -> None:
    rules = RULE.format(
        id="a",
        more="value: 40, lever: 55, propensity: 0.3, evidence: 50, weighs_more:"
        " [{when: conversation.level >= 0.2, by: 30}, {when: conversation.risk > 0.1, by: 25},"
        " {when: conversation.level < 0.0, by: 500}]",
    )
    at = moment("go", conversation={"level": 0.4, "risk": 0.5})
    found = weight(rules, at, Told(a=Learnt(0.9, 10)))
    p = round(50 / 61 * 0.30 + 10 / 61 * 0.9, 6)
    assert found == Weight(
        priority=round((50 / 61 * 0.30 + 10 / 61 * 0.9) * 1.55 * 40 * 1.55, 6),
        propensity=p,
        context=1.55,
        value=40.0,
        lever=1.55,
        source="learnt",
    )


def test_a_rule_that_says_nothing_weighs_its_priority() -> None:
    found = weight(RULE.format(id="a", more="priority: 64"), moment("go"))
    assert (found.priority, found.propensity, found.source) == (64.0, 1.0, "start")


def test_p_is_the_models_word_where_the_rule_asks_for_it() -> None:
    rules = RULE.format(id="a", more="likely: [give_refund, intent], propensity: 0.2, value: 10")
    at = moment("go", intent="refund_request", probability=0.4)
    assert weight(rules, at).priority == pytest.approx(4.0)
    likely = replace(at, next_actions=(("give_refund", 0.7), ("ask_name", 0.1)))
    assert weight(rules, likely).priority == pytest.approx(7.0)
    assert weight(rules, likely).source == "model"
    other = RULE.format(id="a", more="likely: [send_form], propensity: 0.2, value: 10")
    assert weight(other, likely).propensity == 0.2


def test_the_heaviest_goes_first_and_what_must_be_said_before_that() -> None:
    rules = (
        RULE.format(id="heavy", more="value: 100, lever: 900")
        + RULE.format(id="light", more="value: 1")
        + RULE.format(id="duty", more="priority: 1, must_say: true")
    )
    decided = decider(rules).decide(moment("go"), ())
    assert [d.why.rule.id for d in decided.decisions] == ["duty", "heavy"]
    assert decided.decisions[0].priority == 1
    assert [r.rule for r in decided.rejected] == ["light"]


@given(st.permutations(["a", "b", "c"]))
def test_ties_are_broken_by_the_rules_id_whatever_the_order_of_the_file(order: list[str]) -> None:
    decided = decider("".join(RULE.format(id=i, more="value: 7") for i in order)).decide(
        moment("go"), ()
    )
    assert [d.why.rule.id for d in decided.decisions] == ["a", "b"]


def test_whoever_suppresses_is_considered_first_even_when_it_weighs_less() -> None:
    rules = RULE.format(id="low", more="priority: 10, value: 900") + RULE.format(
        id="high", more="priority: 20, value: 1, suppresses: [low]"
    )
    decided = decider(rules).decide(moment("go"), ())
    assert [(d.why.rule.id, d.kind) for d in decided.decisions] == [("high", "nudge")]
    assert [r.reason for r in decided.rejected] == ["superseded: high is the better answer"]


def test_the_same_weight_in_every_process() -> None:
    rules = RULE.format(id="a", more="value: 33.3, lever: 7, propensity: 0.123456")
    values = {weight(rules, moment("go")).priority for _ in itertools.repeat(None, 3)}
    assert len(values) == 1


CHANNELS = """
playbook: t
version: '1'
contact_policy: {limits: [{channel: any, at_most: 1, within_days: 7}], preferred_by: 40}
rules:
  - {id: a_mail, title: t, on: [customer_utterance], phrases: [go], because: b,
     action: {name: send, contact: email}}
  - {id: b_text, title: t, on: [customer_utterance], phrases: [go], because: b,
     action: {name: send, contact: sms}}
"""


@pytest.mark.parametrize(
    ("liked", "first", "weighs"),
    [
        (None, "a_mail", 50.0),
        (("sms", "email"), "b_text", 70.0),
        (("email", "sms"), "a_mail", 70.0),
        (("voice", "sms"), "b_text", 50.0),  # e-mail was not named and weighs less
    ],
)
def test_the_channel_that_the_customer_likes_goes_first(
    liked: tuple[str, ...] | None, first: str, weighs: float
) -> None:
    """There is room for one contact: it is the one that weighs more."""
    standing = Standing(preferences=Preferences(channels=liked))
    at = replace(moment("go"), standing=standing)
    decided = Decider([load_playbook(CHANNELS, "t")]).decide(at, ())
    [made] = decided.decisions
    assert made.why.weight is not None
    assert (made.why.rule.id, made.why.weight.priority) == (first, weighs)
    assert [r.gate for r in decided.rejected] == ["contact_policy"]
