"""A decision, its outcome, its lesson, and what was learnt: through the topics and back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from brokers import Broker
from support import BASE_MS, TIME_LIMIT_S, control, only, said, settings_for

from cxstream import replay
from cxstream.bootstrap.learning import believed, read_beliefs
from cxstream.engine.feed import Record
from cxstream.engine.topics import Topics
from cxstream.events import (
    ControlKind,
    DecisionRecord,
    Learnt,
    Lesson,
    Nudge,
    Outcome,
    from_ms,
)
from cxstream.lessons.propensity import Propensity
from cxstream.understand.lexicon import LexiconScorer

HOUR_S = 3600


def run(
    broker: Broker, prefix: str, records: list[Record], **changes: object
) -> list[replay.Collected]:
    """The records through the whole pipeline, with a window of two hours."""
    settings = settings_for(broker, prefix).model_copy(
        update={"outcome_window_h": 2.0, "control_share": 0.0, **changes}
    )
    collected: list[replay.Collected] = []
    played = replay.run(settings, records, model=LexiconScorer(), on_output=collected.append)
    asyncio.run(asyncio.wait_for(played, TIME_LIMIT_S))
    return collected


def conversation() -> list[Record]:
    """A complaint, its end, and a word three hours later that lets the window close."""
    return [
        said("c-1", 1, "I have lost my card, please block it", customer="anna"),
        said("c-1", 2, "you stupid idiot", customer="anna"),
        control("c-1", ControlKind.ENDED, 60, customer="anna"),
    ]


def test_from_a_decision_to_what_is_believed(
    broker: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    first = run(broker, f"{topic_prefix}a.", conversation())
    nudges = only(Nudge, first)
    assert nudges, "there must be something to learn of"
    [shown] = [n for n in nudges if n.status == "shown"][:1]
    answer = Outcome(
        id="o-1",
        kind="dismissed",
        conversation_id="c-1",
        event_time=from_ms(BASE_MS + 90_000),
        decision_id=shown.id,
        customer_id="anna",
    )
    later = said("c-2", 1, "hello again", customer="anna", at_s=3 * HOUR_S)
    collected = run(broker, f"{topic_prefix}b.", [*conversation(), answer, later])

    logged = only(DecisionRecord, collected)
    assert shown.id in {c.decision_id for record in logged for c in record.candidates}
    lessons = {lesson.decision_id: lesson for lesson in only(Lesson, collected)}
    assert (lessons[shown.id].verdict, lessons[shown.id].reward) == ("dismissed", 0.0)
    [learnt] = only(Learnt, collected)
    assert learnt.rule == shown.why.rule.id
    assert Propensity.restore(learnt.state).lessons == 1

    names = Topics(f"{topic_prefix}b.")
    replay.write(collected, names, tmp_path, prefix="cx.")
    believed = tmp_path / "cx.learnt.jsonl"
    assert [r.rule for r in read_beliefs(believed)] == [learnt.rule]
    again = run(broker, f"{topic_prefix}c.", conversation(), learning="on", beliefs=believed)
    shown_again = [n for n in only(Nudge, again) if n.why.rule.id == learnt.rule]
    why = shown_again[0].why
    assert why.weight is not None and why.weight.source == "learnt"
    assert {record.beliefs for record in only(DecisionRecord, again)} != {""}


def test_a_worker_that_was_restarted_learns_on_to_the_bit(
    broker: Broker, topic_prefix: str
) -> None:
    def talk(number: int) -> list[Record]:
        start_s = number * 4 * HOUR_S
        conversation = f"c-{number}"
        return [
            said(
                conversation,
                1,
                "I have lost my card, please block it",
                customer="anna",
                at_s=start_s,
            ),
            control(conversation, ControlKind.ENDED, start_s + 60, customer="anna"),
        ]

    def answers(collected: list[replay.Collected]) -> list[Outcome]:
        return [
            Outcome(
                id=f"o-{nudge.id}",
                kind="accepted",
                conversation_id=nudge.conversation_id,
                event_time=nudge.event_time,
                decision_id=nudge.id,
                customer_id="anna",
            )
            for nudge in only(Nudge, collected)
            if nudge.status == "shown"
        ]

    def with_answers(numbers: range, told: list[Outcome]) -> list[Record]:
        records: list[Record] = []
        for number in numbers:
            records += talk(number)
            records += [o for o in told if o.conversation_id == f"c-{number}"]
        return records

    told = answers(run(broker, f"{topic_prefix}ask.", [r for n in range(5) for r in talk(n)]))
    assert len({o.conversation_id for o in told}) >= 3

    def newest(collected: list[replay.Collected]) -> dict[str, bytes]:
        return {record.rule: record.state for record in only(Learnt, collected)}

    whole = newest(run(broker, f"{topic_prefix}whole.", with_answers(range(5), told)))
    run(broker, f"{topic_prefix}parts.", with_answers(range(2), told))
    parts = newest(run(broker, f"{topic_prefix}parts.", with_answers(range(2, 5), told)))
    assert whole and parts == whole
    kept = asyncio.run(believed(settings_for(broker, f"{topic_prefix}parts.")))
    assert {record.rule: record.state for record in kept} == whole
    assert max(Propensity.restore(state).lessons for state in parts.values()) >= 2
