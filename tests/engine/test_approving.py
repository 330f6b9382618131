"""`cxstream approve`: the word lands where the action waits, and only for actions that wait."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from brokers import Broker
from msgspec.structs import replace
from support import BASE_MS, read, settings_for

from cxstream import bootstrap
from cxstream.engine import codec
from cxstream.engine.approving import approve
from cxstream.engine.topics import Topics
from cxstream.errors import EngineError
from cxstream.events import Action, Approval, RuleRef, Why, from_ms

ACTION = Action(
    id="act_1",
    conversation_id="acme:c-1",
    action="open_refund_case",
    event_time=from_ms(BASE_MS),
    expires_at=from_ms(BASE_MS + 60_000),
    why=Why(rule=RuleRef("refund", "default", "3"), because="charged twice"),
    needs_approval=True,
    customer_id="c-1",
    approvers=("supervisor",),
)


def test_a_word_is_found_its_action(embedded_broker: Broker, topic_prefix: str) -> None:
    settings = settings_for(embedded_broker, topic_prefix)
    topics = Topics(settings.topic_prefix)

    async def story() -> list[Approval]:
        await bootstrap.prepare_topics(settings)
        producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, acks="all")
        await producer.start()
        for record in (ACTION, replace(ACTION, id="act_2", needs_approval=False)):
            await producer.send_and_wait(topics.actions, codec.encode(record), key=b"c-1")
        await producer.stop()
        word = {"by": "me", "roles": ("supervisor",), "refuse": False, "reason": "seen"}
        for action_id, said in (("act_2", "needs no approval"), ("act_3", "no action act_3")):
            with pytest.raises(EngineError, match=said):
                await approve(settings, action_id, **word)  # type: ignore[arg-type]
        await approve(settings, "act_1", **word)  # type: ignore[arg-type]
        values = await read(settings, topics.approvals)
        return [msgspec.json.decode(value, type=Approval) for value in values]

    (approval,) = asyncio.run(asyncio.wait_for(story(), 120))
    assert (approval.decision_id, approval.verdict, approval.reason) == (
        "act_1",
        "approved",
        "seen",
    )
    assert replace(ACTION, status="approved", approval=approval).cleared
