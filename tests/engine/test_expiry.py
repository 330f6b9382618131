"""A conversation that fell silent is ended, also by a worker that knows of it from its table only."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from brokers import Broker
from support import read, said, settings_for

from cxstream import bootstrap
from cxstream.engine import codec
from cxstream.engine.topics import Topics
from cxstream.events import Signal
from cxstream.observe.metrics import Metrics
from cxstream.understand.lexicon import LexiconScorer


def test_who_fell_silent_before_a_restart_is_not_forgotten(
    embedded_broker: Broker, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(embedded_broker, topic_prefix)
    topics = Topics(settings.topic_prefix)

    async def worker_life(*, first: bool) -> None:
        app = bootstrap.build(settings, Metrics(), LexiconScorer())
        await app.start()
        try:
            await app.ready.wait()
            if first:
                producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, acks="all")
                await producer.start()
                fragment = codec.encode(said("chat-1", 1, "where is my contract"))
                put = await producer.send_and_wait(topics.transcripts, fragment, key=b"chat-1")
                await producer.stop()
                place = (put.topic, put.partition)
                await app.progress.until(lambda p: p.done.get(place, 0) > put.offset)
            else:
                table = app.stages["conversations"].table
                assert table is not None
                monkeypatch.setattr(table._rows, "_silence_ms", 1)
                while not app.progress.sent:
                    await app.stages["conversations"].sweep()
                    await asyncio.sleep(0)
        finally:
            await app.stop()

    async def story() -> list[Signal]:
        await bootstrap.prepare_topics(settings)
        await worker_life(first=True)
        await worker_life(first=False)
        values = await read(settings, topics.signals)
        return [msgspec.json.decode(value, type=Signal) for value in values]

    signals = asyncio.run(asyncio.wait_for(story(), 120))
    assert [(s.kind, s.reason) for s in signals] == [
        ("utterance", None),
        ("conversation.ended", "timeout"),
    ]
