"""A customer who becomes known half-way keeps everything, on both brokers."""

from __future__ import annotations

from brokers import Broker
from support import BASE_MS, control, only, run_records, said

from cxstream.context.snapshot import customer_from_json
from cxstream.engine.feed import Record
from cxstream.events import CarryOver, ControlKind, CustomerRecord, Nudge, Signal, from_ms

LINES = [
    "My bill is wrong again, I was charged twice",
    "I have explained this before and nobody has fixed it",
    "This is really annoying, I am not happy at all",
]


def test_conversation_updated_carries_everything_over(broker: Broker, topic_prefix: str) -> None:
    records: list[Record] = [said("half", n, line) for n, line in enumerate(LINES)]
    records.append(control("half", ControlKind.UPDATED, 35, customer="c-77"))
    records.append(said("half", 5, "So what happens now?"))
    out = run_records(broker, topic_prefix, records)

    carried = [c for c in only(CarryOver, out) if c.state is not None]
    assert [(c.from_key, c.customer_id) for c in carried] == [("half", "c-77")]
    state = customer_from_json(carried[0].state or "")
    assert state.windows.facts("last_1h")["utterances"] == len(LINES)
    signals = only(Signal, out)
    assert signals[-1].customer_id == "c-77"
    assert [c.key for c in out if isinstance(c.record, Signal)][-1] == b"c-77"


def test_a_link_from_the_crm_moves_a_conversation_to_its_customer(
    broker: Broker, topic_prefix: str
) -> None:
    records: list[Record] = [said("anon", n, line) for n, line in enumerate(LINES)]
    records.append(
        CustomerRecord(
            customer_id="c-88",
            type="identity.linked",
            alias="anon",
            event_time=from_ms(BASE_MS + 32_000),
        )
    )
    records.append(said("anon", 4, "Are you still there?"))
    out = run_records(broker, topic_prefix, records)

    carried = [c for c in only(CarryOver, out) if c.state is not None]
    assert [(c.from_key, c.customer_id) for c in carried] == [("anon", "c-88")]
    forwarded = [c for c in out if isinstance(c.record, Signal) and c.key == b"c-88"]
    assert [c.record.text for c in forwarded if isinstance(c.record, Signal)] == [
        "Are you still there?"
    ]


def test_a_redelivered_record_changes_nothing(embedded_broker: Broker, topic_prefix: str) -> None:
    once: list[Record] = [said("twice", n, line) for n, line in enumerate(LINES)]
    out = run_records(embedded_broker, topic_prefix, [*once, *once])
    assert len(only(Signal, out)) == len(LINES)
    nudges = [n.id for n in only(Nudge, out)]
    assert len(nudges) == len(set(nudges))
