"""Decisions are logged, outcomes joined, lessons settled; late, missing and withheld ones by rule."""

from __future__ import annotations

import random

import pytest
from lesson_signals import (
    DAY_MS,
    HOUR_MS,
    START_MS,
    Heard,
    after,
    decided,
    outcome,
    records,
    signal,
)

from cxstream.context.customer import Customer
from cxstream.context.pending import PENDING_MAX
from cxstream.context.snapshot import dump, load_customer
from cxstream.events import DecisionRecord, Lesson, Outcome, OutcomeKind, Rejection
from cxstream.execute.delivery import Outbound
from cxstream.lessons.holdout import in_control
from cxstream.lessons.loop import LearningLoop

LATER_MS = START_MS + 7 * DAY_MS


def settle(loop: LearningLoop, state: Customer, now_ms: int = LATER_MS) -> list[Lesson]:
    return [n.record for n in loop.settle(state, now_ms) if isinstance(n.record, Lesson)]


def lesson_of(
    *answers: tuple[OutcomeKind, int], ended: bool = True, kind: str = "nudge", level: float = 0.2
) -> Lesson:
    """What a decision taught after these answers (kind, hours later), and the end of its conversation."""
    loop, state = LearningLoop(Heard(), control_share=0), Customer("anna")
    after(loop, state, signal(), decided("r", kind="action" if kind == "action" else "nudge"))
    if ended:
        after(loop, state, signal(START_MS + HOUR_MS, ended=True, level=level))
    noted: list[Outbound] = []
    for answer, hours in answers:
        of_all = answer in ("came_back", "cancelled")
        decision = None if of_all else "d-r"
        noted += loop.hear(state, outcome(answer, START_MS + hours * HOUR_MS, decision))
    noted += loop.settle(state, LATER_MS)
    [lesson] = [n.record for n in noted]
    assert isinstance(lesson, Lesson)
    return lesson


@pytest.mark.parametrize(
    ("lesson", "verdict", "reward"),
    [
        (lesson_of(("accepted", 0)), "accepted", 1.0),
        (lesson_of(("accepted", 0), ended=False), "accepted", 0.0),
        (lesson_of(("accepted", 0), level=-0.6), "accepted", 0.0),
        (lesson_of(("accepted", 0), ("came_back", 48)), "accepted", 0.0),
        (lesson_of(("accepted", 0), ("cancelled", 100)), "accepted", 0.0),
        (lesson_of(("shown", 0), ("dismissed", 0)), "dismissed", 0.0),
        (lesson_of(("accepted", 0), ("overridden", 1)), "overridden", 0.0),
        (lesson_of(("dismissed", 0), ("undone", 0), ("acted", 1)), "acted", 1.0),
        (lesson_of(("accepted", 0), ("undone", 0), ("shown", 0)), "ignored", 0.0),
        (lesson_of(("shown", 0)), "ignored", 0.0),
        (lesson_of(("later", 0)), "missing", None),
        (lesson_of(), "missing", None),
        (lesson_of(("confirmed", 5), ended=False, kind="action"), "confirmed", 1.0),
        (lesson_of(("confirmed", 5), ("came_back", 50), kind="action"), "confirmed", 0.0),
        (lesson_of(("confirmed", 5), ("compensated", 9), kind="action"), "compensated", 0.0),
        (lesson_of(("shown", 5), kind="action"), "missing", None),
        (lesson_of(("accepted", 7 * 24)), "missing", None),
        (lesson_of(("accepted", 7 * 24 - 1)), "accepted", 1.0),
    ],
)
def test_what_a_decision_earns(lesson: Lesson, verdict: str, reward: float | None) -> None:
    assert (lesson.verdict, lesson.reward) == (verdict, reward)


def test_a_choice_is_logged_with_its_alternatives_and_why_they_lost() -> None:
    loop, state = LearningLoop(Heard(), control_share=0), Customer("anna")
    made = decided("r")
    made = type(made)(made.decisions, (), (Rejection("other", "cool-down: given 5 s ago"),))
    [choice] = records(after(loop, state, signal(), made).noted, "decisions")
    assert isinstance(choice, DecisionRecord)
    won, lost = choice.candidates
    assert (won.rule, won.propensity, won.decision_id) == ("r", 1.0, "d-r")
    assert (lost.rule, lost.propensity, lost.decision_id) == ("other", 0.0, None)
    assert lost.rejected.startswith("cool-down")
    assert records(after(loop, state, signal(START_MS + 1)).noted, "decisions") == []


def test_nothing_is_settled_before_its_window_closes() -> None:
    loop, state = LearningLoop(Heard(), control_share=0), Customer("anna")
    after(loop, state, signal(), decided("r"))
    loop.hear(state, outcome("dismissed", START_MS + 1))
    assert settle(loop, state, LATER_MS - 1) == []
    assert [lesson.id for lesson in settle(loop, state)] == [lesson_of(("dismissed", 0)).id]
    assert settle(loop, state) == []


def test_who_comes_back_about_the_same_thing_says_that_it_was_not_resolved() -> None:
    loop, state = LearningLoop(Heard(), control_share=0), Customer("anna")
    after(loop, state, signal(), decided("r"))
    loop.hear(state, outcome("accepted", START_MS + 1))
    ended = after(loop, state, signal(START_MS + HOUR_MS, ended=True))
    assert [o.kind for o in records(ended.noted, "outcomes") if isinstance(o, Outcome)] == [
        "resolved"
    ]
    late = after(loop, state, signal(START_MS + HOUR_MS - 1, ended=True, level=0.1))
    assert records(late.noted, "outcomes") == [], "its id would be the same, its mood another"
    other = signal(START_MS + DAY_MS, conversation="c-2", intents=("order_or_delivery_status",))
    assert records(after(loop, state, other).noted, "outcomes") == []
    same = signal(START_MS + 2 * DAY_MS, conversation="c-3")
    [back] = records(after(loop, state, same).noted, "outcomes")
    assert isinstance(back, Outcome)
    assert (back.kind, back.conversation_id, back.source) == ("came_back", "c-1", "conversation")
    again = signal(START_MS + 2 * DAY_MS + 1, conversation="c-3")
    assert records(after(loop, state, again).noted, "outcomes") == [], "said once"
    [lesson] = [x for x in settle(loop, state) if x.rule == "r"]
    assert (lesson.reward, lesson.well) == (0.0, False)


def test_after_seven_days_it_is_a_new_matter() -> None:
    loop, state = LearningLoop(Heard(), control_share=0), Customer("anna")
    after(loop, state, signal(START_MS, ended=True))
    back = signal(START_MS + 7 * DAY_MS + 1, conversation="c-2")
    assert records(after(loop, state, back).noted, "outcomes") == []


def test_an_escalation_is_an_outcome_of_the_conversation_and_earns_nothing_itself() -> None:
    loop, state = LearningLoop(Heard(), control_share=0), Customer("anna")
    after(loop, state, signal(), decided("r"))
    loop.hear(state, outcome("accepted", START_MS + 1))
    made = decided("duty", kind="escalation", priority=90)
    [told] = records(after(loop, state, signal(START_MS + 2), made).noted, "outcomes")
    assert isinstance(told, Outcome) and told.kind == "escalated"
    again = after(
        loop, state, signal(START_MS + 3), decided("duty", kind="escalation", priority=90)
    )
    assert records(again.noted, "outcomes") == [], "its id would be the same, its time another"
    after(loop, state, signal(START_MS + 4, ended=True))
    assert [(x.rule, x.reward) for x in settle(loop, state)] == [("r", 0.0)]


def a_customer_in_control() -> str:
    return next(f"k-{n}" for n in range(10_000) if in_control(f"k-{n}", START_MS))


def test_the_control_group_gets_no_suggestions_but_what_protects_it() -> None:
    who = a_customer_in_control()
    loop, state = LearningLoop(Heard()), Customer(who)
    kept = after(loop, state, signal(customer=who), decided("r"))
    assert kept.decisions == ()
    [choice] = records(kept.noted, "decisions")
    assert isinstance(choice, DecisionRecord) and choice.group == "control"
    assert choice.candidates[0].decision_id == "d-r", "what it would have been is logged"
    for duty in (decided("safe"), decided("must"), decided("up", kind="escalation", priority=10)):
        assert after(loop, state, signal(START_MS + 1, customer=who), duty).decisions
    loud = after(loop, state, signal(START_MS + 1, customer=who), decided("loud", priority=95))
    assert loud.decisions == (), "a priority protects nobody"
    after(loop, state, signal(START_MS + 2, customer=who, ended=True))
    lessons = {x.rule: x for x in settle(loop, state)}
    assert (lessons["r"].verdict, lessons["r"].group) == ("withheld", "control")
    assert (lessons["r"].reward, lessons["r"].well) == (None, False)


def test_the_control_group_is_two_in_a_hundred_and_changes_every_month() -> None:
    people = [f"customer-{n}" for n in range(20_000)]
    now = {p for p in people if in_control(p, START_MS)}
    then = {p for p in people if in_control(p, START_MS + 31 * DAY_MS)}
    assert 0.017 < len(now) / len(people) < 0.023
    assert len(now & then) < 30
    assert not in_control(None, START_MS)
    assert not any(in_control(p, START_MS, 0.0) for p in people[:100])


def test_the_order_of_answers_does_not_matter_and_twice_is_once() -> None:
    kinds: tuple[OutcomeKind, ...] = ("shown", "accepted", "overridden", "undone")
    answers = [outcome(kind, START_MS + minute) for minute, kind in enumerate(kinds)]
    told = set()
    for seed in range(20):
        loop, state = LearningLoop(Heard(), control_share=0), Customer("anna")
        after(loop, state, signal(), decided("r"))
        for answer in random.Random(seed).sample(answers, len(answers)) + answers[3:]:
            loop.hear(state, answer)
            state = load_customer(dump(state))
        told.add(str(settle(loop, state)))
    assert len(told) == 1 and "verdict='accepted'" in told.pop()


def test_an_outcome_of_nothing_that_waits_is_counted_as_such() -> None:
    listener = Heard()
    loop, state = LearningLoop(listener, control_share=0), Customer("anna")
    loop.hear(state, outcome("accepted", START_MS))
    after(loop, state, signal(), decided("r"))
    loop.hear(state, outcome("accepted", START_MS + 8 * DAY_MS))
    assert listener.outcomes == [("accepted", False), ("accepted", False)]
    assert listener.lessons == [("missing", "treated")]


def test_no_more_wait_than_can_be_kept() -> None:
    loop, state = LearningLoop(Heard(), control_share=0), Customer("anna")
    noted: list[Outbound] = []
    for n in range(PENDING_MAX + 3):
        noted += after(loop, state, signal(START_MS + n), decided(f"r{n}")).noted
    assert len(state.pending) == PENDING_MAX
    assert [x.rule for x in records(noted, "lessons") if isinstance(x, Lesson)] == [
        "r0",
        "r1",
        "r2",
    ]


def test_what_waits_follows_its_customer() -> None:
    loop = LearningLoop(Heard(), control_share=0)
    unknown, known = Customer("c-1"), Customer("anna")
    after(loop, unknown, signal(customer=None), decided("r"))
    loop.hear(unknown, outcome("shown", START_MS + 1))
    known.merge(load_customer(dump(unknown)), "carry")
    unknown.hand_over("anna")
    loop.hear(known, outcome("accepted", START_MS + 2))
    after(loop, known, signal(START_MS + 3, ended=True))
    assert settle(loop, unknown) == []
    [lesson] = settle(loop, known)
    assert (lesson.reward, lesson.customer_id) == (1.0, "anna")
