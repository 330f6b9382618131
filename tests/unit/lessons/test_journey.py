"""One customer's journey: gathered by key through an archive, told in order, once."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable

from lesson_signals import START_MS, outcome
from msgspec.structs import replace
from rich.console import Console

from cxstream.cli.story import as_text
from cxstream.events import (
    Action,
    Candidate,
    DecisionRecord,
    Emotion,
    Intent,
    LedgerRow,
    LedgerStep,
    Lesson,
    Nudge,
    Output,
    Rejection,
    Role,
    RuleRef,
    Scores,
    Sentiment,
    SentimentProbabilities,
    Signal,
    Why,
    from_ms,
)
from cxstream.lessons.journey import Journey, gather, journey

WHY = Why(
    RuleRef("refund", "p", "1"),
    'The customer said "money back".',
    rejected=(Rejection("other", "cool-down: given 5 s ago"),),
)
SCORES = Scores(
    Intent("refund_request", 0.9, (("refund_request", 0.9),)),
    Sentiment("negative", -0.6, SentimentProbabilities(0.7, 0.2, 0.1)),
    Emotion(0.4, 0.6, 0.1, 0.1, 0.0),
    0.0,
    "m-1",
)


def at_s(seconds: int) -> int:
    return START_MS + seconds * 1000


def signal(
    seconds: int, text: str, *, customer: str | None = "anna", who: Role = Role.CUSTOMER
) -> Signal:
    return Signal(
        id=f"s-{seconds}",
        kind="utterance",
        conversation_id="c-1",
        channel="chat",
        event_time=from_ms(at_s(seconds)),
        seq=seconds,
        customer_id=customer,
        agent_id="a-1",
        role=who,
        text=text,
        scores=SCORES if who is Role.CUSTOMER else None,
    )


NUDGE = Nudge(
    id="n-1",
    conversation_id="c-1",
    agent_id="a-1",
    title="Look it up",
    say="I'll look it up.",
    event_time=from_ms(at_s(10)),
    expires_at=from_ms(at_s(70)),
    why=WHY,
    customer_id="anna",
)
ACTION = Action(
    id="act-1",
    conversation_id="c-1",
    action="refund",
    event_time=from_ms(at_s(10)),
    expires_at=from_ms(at_s(70)),
    why=WHY,
    customer_id="anna",
)
LEDGER = LedgerRow(
    id="act-1",
    kind="action",
    what="refund",
    state="confirmed",
    conversation_id="c-1",
    idempotency_key="act-1",
    event_time=from_ms(at_s(40)),
    who="crm",
    steps=(
        LedgerStep("e-1", "sent", from_ms(at_s(20)), "executor"),
        LedgerStep("e-2", "confirmed", from_ms(at_s(40)), "crm"),
    ),
)
LESSON = Lesson(
    id="l-1",
    decision_id="n-1",
    conversation_id="c-1",
    rule="refund",
    kind="nudge",
    event_time=from_ms(at_s(10)),
    settled_at=from_ms(at_s(900)),
    context=(1.0,),
    propensity=1.0,
    verdict="accepted",
    reward=1.0,
)


class Shelf:
    """Records by topic and key, and which keys were asked for."""

    def __init__(self, records: dict[tuple[str, str], list[Output]]) -> None:
        self._records = records
        self.asked: set[tuple[str, str]] = set()

    async def of(self, role: str, keys: Iterable[str]) -> list[Output]:
        """What stands under these keys."""
        found: list[Output] = []
        for key in keys:
            self.asked.add((role, key))
            found += self._records.get((role, key), [])
        return found


def shelf() -> Shelf:
    foreign = replace(NUDGE, id="n-2", conversation_id="x")
    unrelated = replace(LESSON, id="l-2", decision_id="of-another")
    return Shelf(
        {
            ("signals", "c-1"): [signal(1, "hello", customer=None)],
            ("signals", "anna"): [
                signal(9, "I want my money back"),
                signal(12, "One moment", who=Role.AGENT),
            ],
            ("nudges", "a-1"): [NUDGE, NUDGE, foreign],
            ("actions", "anna"): [ACTION],
            ("outcomes", "anna"): [
                outcome("accepted", at_s(15), "n-1"),
                outcome("resolved", at_s(60), None),
            ],
            ("ledger", "act-1"): [LEDGER],
            ("lessons", "refund"): [LESSON, unrelated],
        }
    )


def told(found: Journey | None) -> list[tuple[str, str]]:
    assert found is not None
    return [(step.stage, step.what) for step in found.steps]


def test_the_loop_in_order() -> None:
    found = journey("anna", asyncio.run(gather(shelf(), "anna")))
    assert told(found) == [
        ("heard", "hello"),
        ("understood", "refund request (90%), negative"),
        ("heard", "I want my money back"),
        ("understood", "refund request (90%), negative"),
        ("decided", "action: refund"),
        ("decided", "nudge: Look it up"),
        ("heard", "One moment"),
        ("done", "accepted"),
        ("done", "refund: sent"),
        ("done", "refund: confirmed"),
        ("outcome", "resolved"),
        ("learnt", "refund: accepted, reward 1"),
    ]
    assert found is not None
    decided = next(step for step in found.steps if step.stage == "decided")
    assert decided.why == 'The customer said "money back".'
    assert decided.details["rejected"] == ["other: cool-down: given 5 s ago"]


def test_only_the_keys_of_the_customer_are_read() -> None:
    kept = shelf()
    asyncio.run(gather(kept, "anna"))
    assert {key for _, key in kept.asked} == {"anna", "c-1", "a-1", "act-1", "refund"}


def test_nothing_is_nobody_and_another_tenants_customer_is_not_shown() -> None:
    assert journey("nobody", asyncio.run(gather(shelf(), "nobody"))) is None
    assert journey("anna", asyncio.run(gather(shelf(), "anna", "other"))) is None


def test_what_the_control_group_did_not_get_is_told() -> None:
    record = DecisionRecord(
        "x",
        "c-1",
        from_ms(at_s(3)),
        (1.0,),
        (Candidate("refund", "nudge", 1.0, decision_id="n-9"),),
        group="control",
    )
    assert told(journey("anna", [record])) == [("decided", "withheld: refund")]


def test_people_read_one_line_a_step() -> None:
    found = journey("anna", asyncio.run(gather(shelf(), "anna")))
    assert found is not None
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(as_text(found))
    text = console.export_text()
    assert 'because The customer said "money back".' in text
    assert text.count("refund: confirmed") == 1
