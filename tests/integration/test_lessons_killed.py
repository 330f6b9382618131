"""kill -9 in the middle of lessons: what is believed is the same to the bit, and no lesson is learnt twice."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from brokers import Broker

from cxstream import bootstrap
from cxstream.engine.topics import Topics
from cxstream.events import Learnt, Lesson, from_ms
from cxstream.lessons.features import FEATURES
from cxstream.lessons.propensity import Propensity
from cxstream.settings import Settings

RULES = ("save_offer", "explain_bill", "first_steps")
PORTIONS, PORTION = 3, 60
START_MS = 1_790_000_000_000
LIMIT_S = 400


def lessons(seed: int) -> list[list[Lesson]]:
    """Lessons of three rules, portion by portion; one in six comes again, at once or in a later portion."""
    rng = random.Random(seed)
    told: list[Lesson] = []
    portions = []
    for n in range(PORTIONS):
        portion = []
        for m in range(PORTION):
            number = n * PORTION + m
            portion.append(
                Lesson(
                    id=f"lesson-{number}",
                    decision_id=f"nudge-{number}",
                    conversation_id=f"c-{number}",
                    rule=rng.choice(RULES),
                    kind="nudge",
                    event_time=from_ms(START_MS + number),
                    settled_at=from_ms(START_MS + number),
                    context=tuple(round(rng.uniform(-1, 1), 4) for _ in FEATURES),
                    propensity=1.0,
                    verdict="accepted",
                    reward=float(rng.random() < 0.6),
                )
            )
            if m % 6 == 5:
                portion.append(rng.choice([*told, *portion]))
        told += portion
        portions.append(portion)
    return portions


class Killed:
    """One worker, killed and started anew."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        (folder / "none").mkdir()
        self._log = (folder / "worker.log").open("ab")
        self._env = {
            **os.environ,
            "CXSTREAM_BROKERS": settings.brokers,
            "CXSTREAM_TOPIC_PREFIX": settings.topic_prefix,
            "CXSTREAM_APP_ID": settings.app_id,
            "CXSTREAM_DATA_DIR": str(folder / "data"),
            "CXSTREAM_MODELS_DIR": str(folder / "none"),
            "CXSTREAM_SESSION_TIMEOUT_S": "6",
            "CXSTREAM_METRICS_PORT": "0",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "cxstream", "worker"]
        self._process = subprocess.Popen(command, env=self._env, stdout=self._log, stderr=self._log)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)

    def end(self) -> None:
        self.kill()
        self._log.close()


@asynccontextmanager
async def around(settings: Settings) -> AsyncIterator[tuple[AIOKafkaProducer, AIOKafkaConsumer]]:
    topics = Topics(settings.topic_prefix)
    await bootstrap.prepare_topics(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, acks="all")
    consumer = AIOKafkaConsumer(
        topics.learnt, bootstrap_servers=settings.brokers, auto_offset_reset="earliest"
    )
    await producer.start()
    await consumer.start()
    try:
        yield producer, consumer
    finally:
        await producer.stop()
        await consumer.stop()


async def story(settings: Settings, folder: Path, portions: list[list[Lesson]]) -> list[Learnt]:
    """Every portion but the last ends with a kill, as soon as something of it was learnt; all of cx.learnt."""
    topic, worker = Topics(settings.topic_prefix).lessons, Killed(settings, folder)
    heard: list[Learnt] = []
    wanted = {
        rule: len({one.id for p in portions for one in p if one.rule == rule}) for rule in RULES
    }
    async with around(settings) as (producer, consumer):

        async def hear() -> None:
            for messages in (await consumer.getmany(timeout_ms=200)).values():
                heard.extend(msgspec.json.decode(m.value, type=Learnt) for m in messages)

        worker.start()
        try:
            for portion in portions:
                before = len(heard)
                for lesson in portion:
                    key = lesson.rule.encode()
                    await producer.send(topic, msgspec.json.encode(lesson), key=key)
                await producer.flush()
                while len(heard) == before:
                    await hear()
                if portion is not portions[-1]:
                    worker.kill()
                    worker.start()
            while {one.rule: one.lessons for one in heard} != wanted:
                await hear()
        finally:
            worker.end()
    return heard


@pytest.mark.kafka
def test_what_was_learnt_survives_every_kill_to_the_bit(
    kafka_broker: Broker, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    portions = lessons(seed)
    prefix = f"lessons{uuid.uuid4().hex[:8]}"
    brokers = kafka_broker.bootstrap_servers
    settings = Settings(brokers=brokers, topic_prefix=f"{prefix}.", app_id=prefix)
    heard = asyncio.run(asyncio.wait_for(story(settings, tmp_path, portions), LIMIT_S))

    models = {rule: Propensity() for rule in RULES}
    after: dict[tuple[str, int], bytes] = {}
    for lesson in (one for portion in portions for one in portion):
        model = models[lesson.rule]
        if lesson.reward is not None:
            model.learn_once(lesson.id, lesson.context, lesson.reward)
        after[lesson.rule, model.lessons] = model.snapshot()
    # whatever was published on the way, before a kill or after it, is what so many lessons teach
    assert all(one.state == after[one.rule, one.lessons] for one in heard)
    newest = {one.rule: one for one in heard}
    assert {rule: one.state for rule, one in newest.items()} == {
        rule: model.snapshot() for rule, model in models.items()
    }
