"""A word on an action that waits, from the command line: found on cx.actions, said on cx.approvals."""

from __future__ import annotations

from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from cxstream.engine import codec
from cxstream.engine.codec import Cause
from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.errors import EngineError, RecordError
from cxstream.events import Action, Approval, record_id, to_ms
from cxstream.settings import Settings


async def approve(
    settings: Settings,
    action_id: str,
    *,
    by: str,
    roles: tuple[str, ...],
    refuse: bool,
    reason: str | None,
) -> Approval:
    """Write the word. Raises `EngineError` when there is no such action, or it waits for nobody."""
    topics = Topics(settings.topic_prefix)
    action = await _find(settings, topics.actions, action_id)
    if not action.needs_approval:
        raise EngineError(f"{action_id} ({action.action}) needs no approval")
    now = datetime.now(UTC)
    key = action.customer_id or action.conversation_id
    approval = Approval(
        id=record_id("approval", action_id, by, to_ms(now)),
        decision_id=action_id,
        conversation_id=action.conversation_id,
        verdict="refused" if refuse else "approved",
        by=by,
        event_time=now,
        roles=roles,
        tenant=action.tenant,
        customer_id=action.customer_id,
        reason=reason,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.brokers, acks="all", **Security.of(settings).for_aiokafka()
    )
    with reaching(settings.brokers):
        try:
            await producer.start()
            await producer.send_and_wait(
                topics.approvals,
                codec.encode(approval),
                key=key.encode(),
                headers=codec.headers(approval, key, Cause(to_ms(now))),
            )
        finally:
            await producer.stop()
    return approval


async def _find(settings: Settings, topic: str, action_id: str) -> Action:
    """The newest record of an action, from what lies in the topic now."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.brokers,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=100,
        **Security.of(settings).for_aiokafka(),
    )
    found: Action | None = None
    with reaching(settings.brokers):
        try:
            await consumer.start()
            if topic not in await consumer.topics():
                raise EngineError(f"no topic {topic}: `cxstream topics create` makes it")
            places = [TopicPartition(topic, p) for p in range(settings.partitions)]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            while any([await consumer.position(p) < end for p, end in ends.items()]):
                for messages in (await consumer.getmany(timeout_ms=200)).values():
                    for message in messages:
                        if action_id.encode() in (message.value or b""):
                            found = _read(message.value, action_id) or found
        finally:
            await consumer.stop()
    if found is None:
        raise EngineError(f"no action {action_id} on {topic}: `cxstream tail actions` shows them")
    return found


def _read(value: bytes, action_id: str) -> Action | None:
    try:
        action = codec.decode_action(value)
    except RecordError:
        return None
    return action if action.id == action_id else None
