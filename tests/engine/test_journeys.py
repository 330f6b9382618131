"""A customer's journey read back from the topics, by key, on both brokers."""

from __future__ import annotations

import asyncio

import msgspec
from brokers import Broker
from support import BASE_MS, control, only, run_records, said, settings_for

from cxstream.bootstrap.journeys import Journeys
from cxstream.engine.feed import Record
from cxstream.events import ControlKind, Nudge, Outcome, from_ms


def stream() -> list[Record]:
    """Anna loses her card and is known only half-way; Ben says hello in between."""
    return [
        said("c-1", 1, "hello, good morning"),
        said("c-1", 2, "I have lost my card, please block it", customer="anna"),
        said("c-2", 1, "I have lost my card too", customer="ben", agent="a-2", at_s=25),
        control("c-1", ControlKind.ENDED, 60, customer="anna"),
    ]


def test_a_journey_out_of_the_topics(broker: Broker, topic_prefix: str) -> None:
    first = run_records(broker, f"{topic_prefix}a.", stream())
    [shown] = [n for n in only(Nudge, first) if n.conversation_id == "c-1" and n.status == "shown"][
        :1
    ]
    answer = Outcome(
        id="o-1",
        kind="accepted",
        conversation_id="c-1",
        event_time=from_ms(BASE_MS + 40_000),
        decision_id=shown.id,
        customer_id="anna",
        agent_id="a-1",
    )
    run_records(broker, f"{topic_prefix}b.", [*stream(), answer])
    journeys = Journeys(settings_for(broker, f"{topic_prefix}b."))
    found = asyncio.run(journeys.find("anna"))
    assert found is not None
    told = [(step.stage, step.what) for step in found.steps]
    assert told[0] == ("heard", "hello, good morning"), "what was said before she was known is hers"
    assert ("heard", "I have lost my card, please block it") in told
    assert ("decided", f"nudge: {shown.title}") in told
    assert told.index(("decided", f"nudge: {shown.title}")) < told.index(("done", "accepted"))
    assert any(stage == "outcome" and what.startswith("ended:") for stage, what in told)
    assert not any("too" in what for _, what in told), "nothing of Ben's"
    assert {step.conversation_id for step in found.steps} == {"c-1"}

    as_json = asyncio.run(journeys.journey("default", "anna"))
    assert as_json is not None and msgspec.json.encode(as_json)
    assert asyncio.run(journeys.journey("elsewhere", "anna")) is None
    assert asyncio.run(journeys.find("nobody")) is None
