"""The ledger on a broker: what the playbook proposes has a row, and what is late reaches the supervisor."""

from __future__ import annotations

import asyncio

import msgspec
from aiokafka import AIOKafkaProducer
from brokers import Broker
from support import BASE_MS, only, read, said, settings_for

from cxstream import bootstrap, replay
from cxstream.engine import codec
from cxstream.engine.feed import Record
from cxstream.engine.topics import Topics
from cxstream.events import Action, Escalation, LedgerEvent, LedgerRow, Role, from_ms
from cxstream.observe.metrics import Metrics
from cxstream.understand.lexicon import LexiconScorer


def test_an_action_has_a_row_with_who_and_why(broker: Broker, topic_prefix: str) -> None:
    settings = settings_for(broker, topic_prefix)
    records: list[Record] = [said("chat-1", 1, "where is my order", customer="c-1")]
    collected: list[replay.Collected] = []

    async def story() -> list[LedgerRow]:
        await replay.run(settings, records, model=LexiconScorer(), on_output=collected.append)
        values = await read(settings, Topics(settings.topic_prefix).ledger)
        return [msgspec.json.decode(value, type=LedgerRow) for value in values]

    rows = asyncio.run(asyncio.wait_for(story(), 120))
    actions = only(Action, collected)
    assert actions, "the playbook looks the order up"
    assert {row.id for row in rows} == {action.id for action in actions}
    (row,) = (r for r in rows if r.what == "fetch_order_status")
    assert (row.state, row.who) == ("proposed", "rule order_status_lookup")
    assert row.why and row.deadline is not None and row.customer_id == "c-1"


def test_what_is_late_reaches_the_supervisor_also_after_a_restart(
    embedded_broker: Broker, topic_prefix: str
) -> None:
    """The deadline is passed when the sweep comes; of a worker that has only the table to know it from."""
    settings = settings_for(embedded_broker, topic_prefix)
    topics = Topics(settings.topic_prefix)
    sent = LedgerEvent(
        id="step_1",
        ledger_id="act_1",
        kind="action",
        what="open_refund_case",
        state="sent",
        event_time=from_ms(BASE_MS),
        deadline=from_ms(BASE_MS),
        who="executor",
        conversation_id="chat-1",
        source="executor",
    )

    async def worker_life(*, first: bool) -> None:
        metrics = Metrics()
        app = bootstrap.build(settings, metrics, LexiconScorer())
        await app.start()
        await app.ready.wait()
        if first:
            producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, acks="all")
            await producer.start()
            put = await producer.send_and_wait(
                topics.ledger_events, codec.encode(sent), key=b"act_1"
            )
            await producer.stop()
            place = (put.topic, put.partition)
            await app.progress.until(lambda p: p.done.get(place, 0) > put.offset)
        else:
            late = {"kind": "action", "what": "open_refund_case"}
            while not metrics.registry.get_sample_value("cxstream_late_total", late):
                await app.stages["ledger"].sweep()
                await asyncio.sleep(0)
        await app.stop()

    async def story() -> list[Escalation]:
        await bootstrap.prepare_topics(settings)
        await worker_life(first=True)
        await worker_life(first=False)
        values = await read(settings, topics.escalations)
        return [msgspec.json.decode(value, type=Escalation) for value in values]

    escalations = asyncio.run(asyncio.wait_for(story(), 120))
    assert [e.reason for e in escalations] == ["action_late"]
    assert escalations[0].conversation_id == "chat-1"


def test_a_promise_on_the_stream_is_due_and_kept(broker: Broker, topic_prefix: str) -> None:
    settings = settings_for(broker, topic_prefix)
    promised = "I am sorry. I'll send you the new contract by tomorrow."
    records: list[Record] = [
        said("chat-1", 1, "where is my contract", customer="c-1"),
        said("chat-1", 2, promised, role=Role.AGENT, customer="c-1"),
        said("chat-1", 3, "And I will call you back on Friday.", role=Role.AGENT, customer="c-1"),
        said("chat-2", 900, "I've just sent you the contract.", role=Role.AGENT, customer="c-1"),
    ]

    async def story() -> dict[str, LedgerRow]:
        await replay.run(settings, records, model=LexiconScorer())
        values = await read(settings, Topics(settings.topic_prefix).ledger)
        rows = [msgspec.json.decode(value, type=LedgerRow) for value in values]
        return {row.what: row for row in rows if row.kind == "promise"}

    rows = asyncio.run(asyncio.wait_for(story(), 120))
    assert {what: row.state for what, row in rows.items()} == {
        "send": "confirmed",
        "call_back": "proposed",
    }
    assert rows["send"].steps[0].why == "i'll send you the new contract by tomorrow."
    assert rows["call_back"].deadline is not None
    assert rows["call_back"].deadline > from_ms(BASE_MS)
    assert not rows["call_back"].late, "time alone makes nothing late in a replay"
