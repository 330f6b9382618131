"""Workers as processes: they start, drain on SIGTERM, and lose nothing to kill -9."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from brokers import Broker
from support import said, settings_for

from cxstream import bootstrap, replay
from cxstream.engine.feed import Feed
from cxstream.engine.topics import Topics
from cxstream.events import Fragment, Signal, Transcript
from cxstream.settings import Settings

CONVERSATIONS, TURNS = 12, 20
COMMANDS = {
    "cxstream": ["-m", "cxstream", "worker"],
    "faust": ["-m", "faust", "-A", "cxstream.engine.app", "worker", "--without-web", "-l", "info"],
}


def environment(settings: Settings, data: Path) -> dict[str, str]:
    return {
        **os.environ,
        "CXSTREAM_BROKERS": settings.brokers,
        "CXSTREAM_EMBEDDED": str(settings.embedded),
        "CXSTREAM_TOPIC_PREFIX": settings.topic_prefix,
        "CXSTREAM_APP_ID": settings.app_id,
        "CXSTREAM_SESSION_TIMEOUT_S": "6",
        "CXSTREAM_METRICS_PORT": "0",
        "CXSTREAM_OVERLOAD_S": "3600",  # a slow machine is not the matter here
        "CXSTREAM_DATA_DIR": str(data),
    }


@contextmanager
def worker(
    settings: Settings, log: Path, command: str = "cxstream"
) -> Iterator[subprocess.Popen[bytes]]:
    env = environment(settings, log.with_name("data"))
    if settings.instance_id:
        # so long that it is back before its session is over: the group never learns that it was away
        env |= {"CXSTREAM_INSTANCE_ID": settings.instance_id, "CXSTREAM_SESSION_TIMEOUT_S": "80"}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *COMMANDS[command]],
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)


class Outside:
    """Everything around a worker: a producer, and a reader of what comes out."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.topics = Topics(settings.topic_prefix)
        self.signals: list[Signal] = []

    async def __aenter__(self) -> Outside:
        await bootstrap.prepare_topics(self.settings)
        servers = self.settings.brokers
        self.producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all")
        self.consumer = AIOKafkaConsumer(
            self.topics.signals,
            bootstrap_servers=servers,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
        )
        await self.producer.start()
        await self.consumer.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.producer.stop()
        await self.consumer.stop()

    async def send(self, fragments: list[Fragment]) -> None:
        # Under their own time, a year ago, Kafka might delete them before a slow worker has started.
        await Feed(self.producer, self.topics, speed=None, stamp=False).send(fragments)

    async def until(self, distinct: int) -> None:
        """Read signals until so many distinct ids are there."""
        while len({s.id for s in self.signals}) < distinct:
            for messages in (await self.consumer.getmany(timeout_ms=100)).values():
                for message in messages:
                    record = replay._decoder.decode(message.value)
                    if isinstance(record, Signal):
                        self.signals.append(record)


def fragments(turns: range) -> list[Fragment]:
    return [
        said(
            f"conv-{n}", turn, f"my bill number {turn} is wrong and nobody helps", customer=f"c-{n}"
        )
        for turn in turns
        for n in range(CONVERSATIONS)
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_worker_drains_on_sigterm(
    broker: Broker, topic_prefix: str, command: str, tmp_path: Path
) -> None:
    settings = settings_for(broker, topic_prefix)

    async def story() -> int:
        async with Outside(settings) as outside:
            with worker(settings, tmp_path / "log", command) as process:
                await outside.send(fragments(range(5)))
                await outside.until(5 * CONVERSATIONS)
                process.send_signal(signal.SIGTERM)
                return await asyncio.to_thread(process.wait, 40)

    assert asyncio.run(asyncio.wait_for(story(), 180)) == 0


@pytest.mark.kafka
@pytest.mark.parametrize("instance_id", [None, "pod-1"])
def test_kill_9_loses_nothing_and_doubles_nothing(
    kafka_broker: Broker, topic_prefix: str, tmp_path: Path, instance_id: str | None
) -> None:
    """Back after its session is over, and back within it, under the same name and without a rebalance."""
    settings = settings_for(kafka_broker, topic_prefix).model_copy(
        update={"instance_id": instance_id}
    )
    everything = CONVERSATIONS * TURNS

    async def story() -> list[Signal]:
        async with Outside(settings) as outside:
            with worker(settings, tmp_path / "log") as first:
                await outside.send(fragments(range(TURNS // 2)))
                await outside.until(CONVERSATIONS * TURNS // 4)
                first.kill()
            with worker(settings, tmp_path / "log"):
                await outside.send(fragments(range(TURNS // 2, TURNS)))
                await outside.until(everything)
            return outside.signals

    signals = asyncio.run(asyncio.wait_for(story(), 240))
    by_id = Counter(s.id for s in signals)
    assert len(by_id) == everything, "none lost"
    last = {s.conversation_id: s for s in signals}
    turns = {c: s.conversation["customer_turns"] for c, s in last.items()}
    assert turns == {f"conv-{n}": TURNS for n in range(CONVERSATIONS)}, "state exact"
    for conversation in turns:
        order = [s.fragment_id for s in signals if s.conversation_id == conversation]
        firsts = list(dict.fromkeys(order))
        assert firsts == [f"{conversation}/{n}" for n in range(TURNS)], "order kept"


def test_metrics_can_be_scraped(embedded_broker: Broker, topic_prefix: str) -> None:
    from cxstream.observe.serving import serve
    from cxstream.replay import Measured

    settings = settings_for(embedded_broker, topic_prefix)
    metrics = Measured()
    port = serve(metrics.registry, "127.0.0.1", 0, None)

    async def story() -> None:
        from cxstream.understand.lexicon import LexiconScorer

        records: list[Transcript | bytes] = [*fragments(range(2)), b"not json"]
        await replay.run(settings, records, model=LexiconScorer(), metrics=metrics)

    asyncio.run(asyncio.wait_for(story(), 120))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    for line in (
        'cxstream_fragments_total{channel="chat",outcome="applied"} 24.0',
        'cxstream_dead_letters_total{reason="not_json"} 1.0',
        "cxstream_scored_texts_total",
        "cxstream_scored_degraded_texts_total",
        'cxstream_state_entries{table="conversations"} 12.0',
        'cxstream_stage_seconds_bucket{le="0.005",stage="publish"}',
        "cxstream_decision_latency_seconds_count",
        'cxstream_batch_records_count{stage="customers"}',
        'cxstream_queue_records{stage="conversations"}',
    ):
        assert line in text, line
    assert "conv-" not in text, "no label grows with conversations"
