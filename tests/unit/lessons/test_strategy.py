"""What was learnt decides: candidates change places with lessons, exploring stays within its bounds."""

from __future__ import annotations

import pytest
from lesson_signals import START_MS

from cxstream.decide.decider import Decider
from cxstream.decide.load import load_playbook
from cxstream.decide.moment import Moment
from cxstream.errors import RecordError
from cxstream.events import Learnt, Lesson, from_ms
from cxstream.lessons.beliefs import Beliefs, as_record, taught
from cxstream.lessons.exploring import Exploration
from cxstream.lessons.features import features
from cxstream.lessons.propensity import Propensity
from cxstream.lessons.strategy import Strategy

PLAYBOOK = load_playbook(
    """
playbook: three
version: "1"
rules:
"""
    + "".join(
        f"""
  - id: {name}
    title: {name}
    on: [customer_utterance]
    because: "it was said"
    priority: {priority}
    nudge: {{title: {name}, say: "say {name}"}}
    propensity: 0.3
    phrases: ["hello"]
"""
        for name, priority in (("first", 52), ("second", 51), ("third", 50))
    ),
    "three.yaml",
)


def moment(number: int = 0) -> Moment:
    facts: dict[str, dict[str, object]] = {
        "event": {"kind": "utterance", "role": "customer"},
        "conversation": {"id": "c-1", "channel": "voice", "level": 0.1, "customer_turns": 3},
        "customer": {"contacts_before": {"last_30d": 0}},
        "utterance": {"text": "hello", "words": 1},
    }
    return Moment(
        signal_id=f"s-{number}",
        kind="utterance",
        conversation_id="c-1",
        event_time_ms=START_MS,
        facts=facts,
        role="customer",
        agent_id="a-1",
        text="hello",
    )


CONTEXT = features(
    {"channel": "voice", "level": 0.1, "customer_turns": 3},
    0,
)


def lesson(rule: str, number: int, reward: float | None) -> Lesson:
    at = from_ms(START_MS)
    return Lesson(
        id=f"l-{rule}-{number}",
        decision_id=f"d-{rule}-{number}",
        conversation_id="c",
        rule=rule,
        kind="nudge",
        event_time=at,
        settled_at=at,
        context=CONTEXT,
        propensity=1.0,
        verdict="accepted",
        reward=reward,
    )


def learnt(rule: str, lessons: int, reward: float) -> Learnt:
    model = Propensity()
    for number in range(lessons):
        assert taught(model, lesson(rule, number, reward))
    return as_record(rule, model, lesson(rule, lessons, reward))


def nudged(decider: Decider | Strategy, number: int = 0) -> list[str]:
    return [d.why.rule.id for d in decider.decide(moment(number), ()).decisions]


def test_what_succeeds_comes_first_and_what_fails_loses_its_place() -> None:
    known = Beliefs()
    decider = Decider([PLAYBOOK], known)
    assert nudged(decider) == ["first", "second"]
    known.take(learnt("third", 60, 1.0))
    known.take(learnt("first", 60, 0.0))
    assert nudged(decider) == ["third", "second"]
    weight = decider.decide(moment(), ()).decisions[0].why.weight
    assert weight is not None and weight.source == "learnt" and weight.propensity > 0.5


def test_the_newest_belief_holds_whatever_the_order_and_names_itself() -> None:
    old, new = learnt("first", 5, 1.0), learnt("first", 9, 1.0)
    one, other = Beliefs([old, new]), Beliefs([new, old])
    assert one.name == other.name != Beliefs([old]).name
    assert one.learnt("first", moment()) == other.learnt("first", moment())
    found = one.learnt("first", moment())
    assert found is not None and (found.evidence, found.successes) == (9, 9)
    assert one.learnt("unknown", moment()) is None
    with pytest.raises(RecordError):
        one.take(Learnt("x", "first", 99, from_ms(START_MS), b"odd"))


def test_a_lesson_teaches_once_and_one_without_an_answer_teaches_nothing() -> None:
    model = Propensity()
    assert taught(model, lesson("r", 1, 1.0))
    again = Propensity.restore(model.snapshot())
    assert not taught(again, lesson("r", 1, 1.0))
    assert not taught(again, lesson("r", 2, None))
    assert again.snapshot() == model.snapshot()


def test_exploring_gives_others_the_place_and_logs_the_chances() -> None:
    known = Beliefs([learnt("first", 2, 1.0)])
    strategy = Strategy(Decider([PLAYBOOK], known), known, Exploration(share=0.5, mature=100))
    seen: dict[str, int] = {}
    for number in range(300):
        made = strategy.decide(moment(number), ())
        top = made.decisions[0].why.rule.id
        seen[top] = seen.get(top, 0) + 1
        chances = dict(made.chances)
        assert sum(chances.values()) == pytest.approx(1.0)
        assert chances["first"] >= 0.5
        assert len(made.decisions) == 2, "no more cards than without exploring"
        assert strategy.decide(moment(number), ()) == made
    assert set(seen) == {"first", "second", "third"} and seen["first"] > 150


def test_with_exploring_off_or_room_for_all_it_is_the_plain_arbitration() -> None:
    known = Beliefs()
    plain = Decider([PLAYBOOK], known)
    off = Strategy(plain, known, Exploration(share=0.0))
    for number in range(50):
        assert off.decide(moment(number), ()) == plain.decide(moment(number), ())
