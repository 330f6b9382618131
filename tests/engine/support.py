"""The pipeline on a broker, for tests: records in, what came out of the topics out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from brokers import Broker

from cxstream import replay
from cxstream.engine.feed import Record
from cxstream.events import (
    Control,
    ControlKind,
    Fragment,
    Output,
    Role,
    RoleSource,
    Speaker,
    from_ms,
)
from cxstream.settings import Settings
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.scorer import Scorer

T = TypeVar("T")
BASE_MS = 1_764_000_000_000
TIME_LIMIT_S = 240


def settings_for(broker: Broker, prefix: str) -> Settings:
    """Settings of a run that shares a broker with others."""
    return Settings(
        brokers=broker.bootstrap_servers,
        embedded=broker.embedded,
        topic_prefix=prefix,
        app_id=prefix.rstrip("."),
        score_deadline_s=None,
        overload_s=None,
        explain_deadline_s=None,
    )


def run_records(
    broker: Broker, prefix: str, records: Iterable[Record], *, model: Scorer | None = None
) -> list[replay.Collected]:
    """Everything that came out of the output topics, in order per key."""
    collected: list[replay.Collected] = []
    run = replay.run(
        settings_for(broker, prefix),
        records,
        model=model or LexiconScorer(),
        on_output=collected.append,
    )
    asyncio.run(asyncio.wait_for(run, TIME_LIMIT_S))
    return collected


def only(kind: type[T], collected: Iterable[replay.Collected]) -> list[T]:
    """The records of one kind."""
    records: list[Output] = [c.record for c in collected]
    return [record for record in records if isinstance(record, kind)]


def said(
    conversation: str,
    number: int,
    text: str,
    *,
    role: Role = Role.CUSTOMER,
    at_s: float | None = None,
    customer: str | None = None,
    agent: str | None = "a-1",
    channel: str = "chat",
) -> Fragment:
    """A final fragment, ten seconds after the one before it."""
    seconds = 10.0 * number if at_s is None else at_s
    return Fragment(
        conversation_id=conversation,
        fragment_id=f"{conversation}/{number}",
        text=text,
        speaker=Speaker(role=role, role_source=RoleSource.EXPLICIT),
        channel=channel,
        event_time=from_ms(BASE_MS + int(seconds * 1000)),
        customer_id=customer,
        agent_id=agent,
    )


def control(
    conversation: str, kind: ControlKind, at_s: float, *, customer: str | None = None
) -> Control:
    """A control event."""
    return Control(
        conversation_id=conversation,
        type=kind,
        event_time=from_ms(BASE_MS + int(at_s * 1000)),
        customer_id=customer,
    )


async def read(settings: Settings, topic: str) -> list[bytes]:
    """Everything that lies in a topic now, in order per key."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.brokers, auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    await consumer.start()
    try:
        places = [TopicPartition(topic, p) for p in range(settings.partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        values: list[bytes] = []
        while any([await consumer.position(p) < end for p, end in ends.items()]):
            for messages in (await consumer.getmany(timeout_ms=100)).values():
                values += [message.value for message in messages if message.value]
        return values
    finally:
        await consumer.stop()
