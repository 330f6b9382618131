"""Answers: a fold over outcomes, with ids that make a repeated click one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cxstream.desk.cards import ANSWERS, Answer, Answers, outcome_of
from cxstream.events import Outcome, from_ms


def said(answers: Answers, kind: Answer) -> Outcome:
    """The record of saying it now."""
    return outcome_of(
        answers,
        kind,
        decision_id="nudge_1",
        conversation_id="call-1",
        at=from_ms(0),
        tenant="default",
        customer_id=None,
        agent_id="tom",
    )


def test_a_repeated_click_is_one() -> None:
    answers = Answers()
    first = said(answers, "accepted")
    assert said(answers, "accepted").id == first.id  # two processes, neither has heard of the other
    assert answers.take(first)
    again = said(answers, "accepted")
    assert again.id == first.id
    assert not answers.take(again)
    assert answers.state == "accepted"


def test_a_change_of_mind_is_another_one() -> None:
    answers = Answers()
    ids = []
    for kind in ("accepted", "undone", "accepted", "dismissed", "accepted"):
        record = said(answers, kind)
        assert answers.take(record)
        ids.append(record.id)
    assert len(set(ids)) == 5
    assert answers.state == "accepted"


def test_being_shown_is_noted_once_and_changes_no_answer() -> None:
    answers = Answers()
    record = outcome_of(
        answers,
        "shown",
        decision_id="n",
        conversation_id="c",
        at=from_ms(0),
        tenant="t",
        customer_id=None,
        agent_id="a",
    )
    assert answers.take(record)
    assert not answers.take(record)
    assert (answers.state, answers.ids) == ("open", [])


@given(kinds=st.lists(st.sampled_from(ANSWERS), max_size=12))
def test_redelivery_changes_nothing(kinds: list[Answer]) -> None:
    once, redelivered = Answers(), Answers()
    records: list[Outcome] = []
    for kind in kinds:
        record = said(once, kind)
        once.take(record)
        records.append(record)
    for number in range(len(records)):
        redelivered.take(records[number])
        for before in records[: number + 1]:
            redelivered.take(before)
    assert redelivered == once
