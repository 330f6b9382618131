"""The executor on a broker: carried out, refused, unreadable, and not allowed; each goes where it belongs."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from back_office import back_office
from brokers import Broker
from msgspec.structs import replace
from otlp import Collector, collector
from support import read, settings_for

from cxstream import bootstrap
from cxstream.bootstrap.executor import execute
from cxstream.engine import codec
from cxstream.engine.topics import Topics
from cxstream.events import Action, DeadLetter, LedgerEvent, Outcome, RuleRef, Why, from_ms

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

CONFIG = """
services:
  crm: {{url: "{url}", within_s: 20}}
actions:
  refund:
    calls: [{{service: crm, request: "POST /refunds", body: {{who: "{{customer_id}}"}}}}]
"""


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that the executor sends its spans to."""
    with collector() as found:
        for name, value in found.environment().items():
            monkeypatch.setenv(name, value)
        yield found


def test_each_goes_where_it_belongs(
    broker: Broker, topic_prefix: str, tmp_path: Path, spans: Collector
) -> None:
    now_ms = int(time.time() * 1000)
    done = Action(
        id="act_done",
        conversation_id="acme:c-1",
        action="refund",
        event_time=from_ms(now_ms),
        expires_at=from_ms(now_ms + 600_000),
        why=Why(rule=RuleRef("refund", "default", "3"), because="charged twice"),
        customer_id="c-1",
    )
    records = [
        codec.encode(done),
        codec.encode(replace(done, id="act_refused")),
        codec.encode(replace(done, id="act_not_approved", needs_approval=True)),
        codec.encode(replace(done, id="act_late", expires_at=from_ms(now_ms - 1))),
        codec.encode(replace(done, id="act_somebody_elses", action="block_card")),
        b"no action at all",
        codec.encode(done),
    ]
    settings = settings_for(broker, topic_prefix).model_copy(
        update={"executor_config": tmp_path / "executor.yaml", "metrics_port": 0}
    )
    topics = Topics(settings.topic_prefix)

    async def story() -> tuple[list[bytes], list[bytes], list[bytes], list[str]]:
        await bootstrap.prepare_topics(settings)
        async with back_office(201, 422, 200, body=b'{"id": 7}') as office:
            (tmp_path / "executor.yaml").write_text(CONFIG.format(url=office.url))
            stop = asyncio.Event()
            running = asyncio.create_task(execute(settings, stop))
            producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, acks="all")
            await producer.start()
            for record in records:
                await producer.send_and_wait(
                    topics.actions,
                    record,
                    key=b"c-1",
                    headers=[("traceparent", f"00-{TRACE}-{SPAN}-01".encode())],
                )
            await producer.stop()
            while len(office.asked) < 3:  # one customer's actions in order: the third is the last
                await asyncio.wait({running}, timeout=0.1)
                assert not running.done(), running.exception()
            stop.set()
            await running
            keys = [asked.headers["idempotency-key"] for asked in office.asked]
            traces = [asked.headers["traceparent"].split("-") for asked in office.asked]
        carried_out = [span for span in spans.spans() if span.name == "executor"]
        assert {(span.trace, span.parent) for span in carried_out} == {(TRACE, SPAN)}
        assert {trace for _, trace, _, _ in traces} == {TRACE}
        assert {span for _, _, span, _ in traces} <= {span.id for span in carried_out}
        return (
            await read(settings, topics.ledger_events),
            await read(settings, topics.outcomes),
            await read(settings, topics.dead_letters),
            keys,
        )

    told, outcomes, letters, keys = asyncio.run(asyncio.wait_for(story(), 120))
    assert keys == ["act_done", "act_refused", "act_done"], "the same key when it comes again"
    steps = [msgspec.json.decode(value, type=LedgerEvent) for value in told]
    by_action: dict[str, list[str]] = {}
    for step in steps:
        by_action.setdefault(step.ledger_id, []).append(step.state)
    assert by_action == {
        "act_done": ["sent", "confirmed", "sent", "confirmed"],
        "act_refused": ["sent", "failed"],
        "act_late": ["expired"],
    }
    assert len({step.id for step in steps}) == 5, "told twice it is known"
    kinds = {
        o.decision_id: o.kind for o in (msgspec.json.decode(v, type=Outcome) for v in outcomes)
    }
    assert kinds == {"act_done": "confirmed", "act_refused": "failed", "act_late": "expired"}
    dead = [msgspec.json.decode(value, type=DeadLetter) for value in letters]
    assert {letter.reason for letter in dead} == {"refused", "not_json"}
    refused = next(letter for letter in dead if letter.reason == "refused")
    assert json.loads(refused.value)["id"] == "act_refused", "whole, to be sent again"


def test_what_is_for_later_waits_survives_a_restart_and_is_in_nobodys_way(
    broker: Broker, topic_prefix: str, tmp_path: Path
) -> None:
    settings = settings_for(broker, topic_prefix).model_copy(
        update={"executor_config": tmp_path / "executor.yaml", "metrics_port": 0}
    )
    topics = Topics(settings.topic_prefix)

    now_ms = int(time.time() * 1000)
    bob = Action(
        id="act_bob",
        conversation_id="acme:c-1",
        action="refund",
        event_time=from_ms(now_ms),
        expires_at=from_ms(now_ms + 600_000),
        why=Why(rule=RuleRef("refund", "default", "3"), because="charged twice"),
        customer_id="bob",
    )

    async def story() -> tuple[list[str], datetime, list[bytes]]:
        await bootstrap.prepare_topics(settings)
        async with back_office(*[200] * 5) as office:
            (tmp_path / "executor.yaml").write_text(CONFIG.format(url=office.url))
            producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, acks="all")
            await producer.start()

            async def send(*actions: Action) -> None:
                for action in actions:
                    key = str(action.customer_id).encode()
                    record = codec.encode(action)
                    await producer.send_and_wait(topics.actions, record, key, partition=0)

            async def until(key: str) -> None:
                while all(asked.headers["idempotency-key"] != key for asked in office.asked):
                    await asyncio.wait({running}, timeout=0.1)
                    assert not running.done(), running.exception()

            stop = asyncio.Event()
            running = asyncio.create_task(execute(settings, stop))
            await send(bob)
            await until("act_bob")
            later = from_ms(int(time.time() * 1000) + 5_000)
            held = replace(bob, id="act_held", customer_id="ann", not_before=later)
            behind = replace(held, id="act_behind", not_before=None)
            await send(held, behind, replace(bob, id="act_bob_2"))
            await until("act_bob_2")
            stop.set()
            await running
            stop = asyncio.Event()
            running = asyncio.create_task(execute(settings, stop))
            await until("act_behind")
            stop.set()
            await running
            await producer.stop()
            keys = [asked.headers["idempotency-key"] for asked in office.asked]
        return keys, later, await read(settings, topics.ledger_events)

    keys, later, told = asyncio.run(asyncio.wait_for(story(), 120))
    assert keys[:2] == ["act_bob", "act_bob_2"], "ann's wait is not bob's"
    # after the restart bob's second may come again: it stands behind what was not committed
    ann = [key for key in keys if not key.startswith("act_bob")]
    assert ann == ["act_held", "act_behind"], "in order, after a restart too"
    steps = [msgspec.json.decode(value, type=LedgerEvent) for value in told]
    sent = min(s.event_time for s in steps if (s.ledger_id, s.state) == ("act_held", "sent"))
    assert sent >= later
