"""A decision with all that belongs to it: id, reason, evidence, scores, rejected candidates, record."""

from __future__ import annotations

import pytest
from decide_moments import START_MS, decider, moment
from msgspec import json

from cxstream.decide.load import default_playbook
from cxstream.decide.moment import Decided
from cxstream.decide.records import to_record
from cxstream.events import (
    Action,
    Escalation,
    Evidence,
    Nudge,
    Output,
    Rejection,
    RuleRef,
    from_ms,
    record_id,
)

RULES = """
- id: refund
  title: Money back
  on: [customer_utterance]
  phrases: ["money back", refund]
  when: utterance.anger < 0.9 && conversation.channel == "voice"
  because: 'The customer {heard}; anger {utterance.anger|percent}'
  priority: 60
  cooldown_s: 600
  valid_for_s: 120
  nudge: {title: Open the refund, say: "I will open it for {said}."}
  action: {name: open_case, needs_approval: true, parameters: {about: "{said}"}}
  escalation: {reason: money, severity: medium, summary: "Wants {said}"}
- id: understood
  title: Understood
  on: [customer_utterance]
  intents: [refund_request]
  probability: 0.7
  because: 'The customer {heard}'
  nudge: {title: Refund, say: Sure.}
- id: needs_more
  title: Needs a fact that is not there
  on: [customer_utterance]
  when: customer.attributes.vip == true
  because: VIP
  nudge: {title: VIP, say: Hello.}
- id: model_only
  title: Needs the model
  on: [customer_utterance]
  when: utterance.anger >= 0.0
  because: any
  priority: 1
  needs_model: true
  nudge: {title: Model, say: Hello.}
"""
TEXT = "I want my money back, a full REFUND"


def reasons(decided: Decided) -> set[tuple[str, str]]:
    return {(r.rule, r.reason) for r in decided.rejected}


def test_a_decision_explains_itself() -> None:
    at = moment(TEXT, utterance={"anger": 0.25})
    decided = decider(RULES).decide(at, ())
    assert [(d.why.rule.id, d.kind) for d in decided.decisions] == [
        ("refund", "escalation"),
        ("refund", "action"),
        ("refund", "nudge"),
        ("model_only", "nudge"),
    ]
    nudge = decided.decisions[2]
    assert nudge.id == record_id("nudge", at.signal_id, "refund", "1")
    assert nudge.expires_at_ms == START_MS + 120_000
    why = nudge.why
    assert why.rule == RuleRef("refund", "t", "1")
    assert why.because == 'The customer said "money back … REFUND"; anger 25%'
    assert why.evidence == (
        Evidence("f-1", 10, 20, "money back"),
        Evidence("f-1", 29, 35, "REFUND"),
    )
    assert why.scores == {"utterance.anger": 0.25, "conversation.channel": "voice"}
    assert why.model == "m-1"
    assert why.rejected == decided.rejected
    assert why.rejected == (
        Rejection("needs_more", "condition could not be evaluated: 'vip' is not known here"),
    )


def test_without_a_phrase_the_whole_utterance_is_the_evidence() -> None:
    at = moment("give it back", intent="refund_request", probability=0.8)
    decision = decider(RULES).decide(at, ()).decisions[0]
    assert (
        decision.why.because
        == 'The customer said "give it back", understood as refund request (80%)'
    )
    assert decision.why.evidence == (Evidence("f-1", 0, 12, "give it back"),)
    assert decision.why.scores == {
        "utterance.intent": "refund_request",
        "utterance.probability": 0.8,
    }


def test_a_word_or_two_are_shown_with_what_stands_round_them() -> None:
    rules = RULES.replace('"money back", refund', "refund")
    why = decider(rules).decide(moment("so about that refund now"), ()).decisions[0].why
    assert why.because == 'The customer said "so about that refund now"; anger 0%'
    assert [e.text for e in why.evidence] == ["refund"]


def test_overlapping_phrases_are_one_piece_of_evidence() -> None:
    rules = RULES.replace('"money back", refund', "my money, money back, back now")
    why = decider(rules).decide(moment("give my money back now"), ()).decisions[0].why
    assert [e.text for e in why.evidence] == ["my money back now"]


def test_a_megabyte_is_not_quoted_whole() -> None:
    at = moment("x" * 1_000_000, intent="refund_request", probability=0.8)
    decision = decider(RULES).decide(at, ()).decisions[0]
    assert len(json.encode(decision.why)) < 2_000


def test_without_an_agent_nobody_is_nudged() -> None:
    decided = decider(RULES).decide(moment(TEXT, agent_id=None), ())
    assert [d.kind for d in decided.decisions] == ["escalation", "action"]
    assert ("refund", "no agent on the conversation") in reasons(decided)


def test_a_guessed_role_moves_no_money() -> None:
    decided = decider(RULES).decide(moment(TEXT, role_guessed=True), ())
    assert {d.kind for d in decided.decisions} == {"nudge"}
    assert ("refund", "role only guessed: who spoke is not known for sure") in reasons(decided)


@pytest.mark.parametrize(
    ("needs", "kinds"), [("true", set()), ("false", {"nudge", "action", "escalation"})]
)
def test_a_rule_may_say_what_a_guessed_role_is_good_for(needs: str, kinds: set[str]) -> None:
    rules = RULES.replace("  priority: 60\n", f"  priority: 60\n  needs_known_role: {needs}\n")
    decided = decider(rules).decide(moment(TEXT, role_guessed=True, degraded=True), ())
    assert {d.kind for d in decided.decisions} == kinds


def test_the_lexicon_is_not_enough_for_a_rule_that_needs_the_model() -> None:
    decided = decider(RULES).decide(moment(TEXT, degraded=True), ())
    assert "model_only" not in {d.why.rule.id for d in decided.decisions}
    assert all(d.why.degraded for d in decided.decisions)
    reason = "scores degraded: a lighter model answered, this rule needs the model"
    assert ("model_only", reason) in reasons(decided)


def test_unscored_words_still_start_the_rules_that_listen_to_words() -> None:
    at = moment(TEXT, intent="", probability=0.0)
    assert isinstance(at.facts, dict)
    at.facts["utterance"] = {"text": TEXT, "words": 8, "degraded": False, "role_guessed": False}
    decided = decider(RULES.replace("utterance.anger < 0.9 && ", "")).decide(at, ())
    assert {d.why.rule.id for d in decided.decisions} == {"refund"}
    assert decided.decisions[0].why.because.endswith("anger unknown")


def test_a_redelivered_moment_decides_nothing_twice() -> None:
    one, at = decider(RULES), moment(TEXT)
    first = one.decide(at, ())
    second = one.decide(at, first.given)
    assert second.decisions == ()
    assert second.given == first.given


def test_nothing_to_do_costs_no_facts() -> None:
    def no_facts(name: str) -> dict[str, object]:
        raise AssertionError(f"{name} was asked for")

    at = moment("hello", role="bot")
    silent = type(at)(**{**{f: getattr(at, f) for f in at.__struct_fields__}, "facts": no_facts})
    assert decider(RULES).decide(silent, ()) == Decided((), ())


def test_decisions_become_records() -> None:
    at = moment(TEXT, utterance={"anger": 0.25})
    records = [to_record(d, at) for d in decider(RULES).decide(at, ()).decisions]
    escalation, action, nudge, _ = records
    assert isinstance(escalation, Escalation)
    assert (escalation.severity, escalation.summary, escalation.queue) == (
        "medium",
        "Wants money back … REFUND",
        "q",
    )
    assert isinstance(action, Action)
    assert (action.action, action.needs_approval, action.parameters) == (
        "open_case",
        True,
        {"about": "money back … REFUND"},
    )
    assert action.expires_at == from_ms(START_MS + 120_000)
    assert isinstance(nudge, Nudge)
    assert (nudge.agent_id, nudge.title, nudge.status) == ("a-1", "Open the refund", "shown")
    assert nudge.say == "I will open it for money back … REFUND."
    for record in records:
        assert json.decode(json.encode(record), type=Output) == record


def test_a_withdrawal_names_the_nudge_it_takes_away() -> None:
    rules = RULES.replace(
        "  priority: 60\n",
        "  priority: 60\n  withdraw_when: conversation.level > 0.0\n  withdraw_because: better now\n",
    )
    one = decider(rules)
    shown = one.decide(moment(TEXT), ())
    at = moment("thanks", at_s=5, conversation={"level": 0.4})
    gone = one.decide(at, shown.given)
    record = to_record(gone.decisions[0], at)
    assert isinstance(record, Nudge)
    assert record.status == "withdrawn"
    assert record.withdraws == shown.decisions[2].id
    assert record.why.because == "better now"


def test_odd_text_is_no_danger() -> None:
    for text in (
        "\x00\x07",
        "\ud800 refund",
        "🙂" * 50 + " refund",
        "ß" * 9000,
        " \n\t ",
        "İ" * 9000,
    ):
        decided = decider(RULES).decide(moment(text), ())
        assert all(e.text in text for d in decided.decisions for e in d.why.evidence)


def test_the_version_is_part_of_every_id() -> None:
    assert default_playbook().version
    at = moment(TEXT)
    ids = {d.id for d in decider(RULES).decide(at, ()).decisions}
    assert len(ids) == 4
