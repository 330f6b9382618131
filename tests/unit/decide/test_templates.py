"""Sentences with facts in them."""

from __future__ import annotations

import pytest
from decide_moments import calm

from cxstream.decide.conditions import View
from cxstream.decide.templates import Words, compile_template

FACTS = calm()
FACTS["utterance"] |= {"anger": 0.567, "intent": "billing_dispute", "text": "x" * 900}
FACTS["conversation"] |= {"level": -0.456, "negative_run": 3, "hold_s": 272, "bot_only": False}
FACTS["customer"] |= {"intents_before": ["refund_request", "claim_or_accident"]}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("no facts", "no facts"),
        ("{conversation.negative_run} in a row", "3 in a row"),
        ("mood {conversation.level}", "mood -0.46"),
        ("{utterance.anger|percent} {utterance.anger | percent}", "57% 57%"),
        ("{utterance.intent|words}", "billing dispute"),
        ("{customer.intents_before}", "refund request, claim or accident"),
        ("{customer.intents_before|first}", "refund request"),
        ("{customer.unresolved_before} {customer.unresolved_before|first}", "none unknown"),
        ("{conversation.hold_s|duration}", "4 minutes"),
        ("{conversation.bot_only}", "no"),
        ("{customer.attributes.segment}", "unknown"),
        ('"{said}" because they {heard}', '"money" because they said "money"'),
    ],
)
def test_facts_are_written(source: str, expected: str) -> None:
    template, problems = compile_template(source)
    assert problems == []
    assert template.render(View(FACTS), Words("money", 'said "money"')) == expected


def test_a_long_fact_is_cut() -> None:
    template, _ = compile_template("{utterance.text}")
    assert len(template.render(View(FACTS), Words())) == 200


@pytest.mark.parametrize(
    "source", ["{utterance.angr}", "{conversation", "{customer.last_1h}", "{}", "a } b"]
)
def test_what_is_no_fact_is_told(source: str) -> None:
    assert compile_template(source)[1]
