"""A recorded stream through the whole pipeline: topics, agents, tables, and back out of the topics.

The same records give the same outputs, byte for byte: fragments carry their event time as Kafka's
timestamp, a customer's conversations are heard in event-time order, the model is waited for, and outputs
are written in the order of event time and key.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple, Never, TypeVar

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from cxstream.bootstrap import build, prepare_topics
from cxstream.engine.app import CxApp
from cxstream.engine.collect import Collector
from cxstream.engine.feed import Feed, Record
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.events import (
    Control,
    CustomerRecord,
    DeadLetter,
    Fragment,
    Outcome,
    Output,
    record_id,
)
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings
from cxstream.understand.scorer import Scorer

OUTPUT_ROLES = (
    "signals",
    "nudges",
    "actions",
    "escalations",
    "summaries",
    "passports",
    "outcomes",
    "decisions",
    "lessons",
    "learnt",
    "dead_letters",
)
T = TypeVar("T")
_decoder = msgspec.json.Decoder(Output)


class Collected(NamedTuple):
    """One record out of a topic: the topic's name, its key and bytes, and the record."""

    topic: str
    key: bytes
    value: bytes
    record: Output


class Report(NamedTuple):
    """What a replay did; latencies are seconds from a record being sent to its decisions being safe."""

    sent: int
    outputs: dict[str, int]
    seconds: float
    latencies: list[float]

    def percentile(self, share: float) -> float:
        """A latency that this share of records stayed under; 0 when there were none."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Measured(Metrics):
    """Metrics that also keep every latency, for the percentiles of a report."""

    def __init__(self) -> None:
        super().__init__()
        self.latencies: list[float] = []

    def decided_after(self, seconds: float) -> None:
        """Keep it, and count it."""
        self.latencies.append(seconds)
        super().decided_after(seconds)


def unhurried(settings: Settings) -> Settings:
    """The settings of a replay: how long it takes may not show in what it decides.

    So models are waited for and calculate in a precision that is not chosen by their speed, nothing expires by
    the clock, no playbook is followed, and state stays in memory, for one run.
    """
    fixed: dict[str, object] = {
        "score_deadline_s": None,
        "explain_deadline_s": None,
        "overload_s": None,
        "expire_by_clock": False,
        "follow_releases": False,
        "store": "memory",
    }
    if settings.encoder_precision == "auto":
        fixed["encoder_precision"] = "fp32"
    return settings.model_copy(update=fixed)


async def run(
    settings: Settings,
    records: Iterable[Record],
    *,
    speed: float | None = None,
    pause_max_s: float | None = None,
    model: Scorer | None = None,
    metrics: Measured | None = None,
    on_sent: Callable[[Fragment | Control | CustomerRecord | Outcome], None] | None = None,
    on_output: Callable[[Collected], None] | None = None,
) -> Report:
    """Run the pipeline in this process until every record is decided; `on_output` sees what comes out.

    Of the settings, those hold that `unhurried` leaves.
    """
    settings = unhurried(settings)
    topics = Topics(settings.topic_prefix)
    metrics = metrics or Measured()
    counts: dict[str, int] = {}

    def take(topic: str, key: bytes | None, value: bytes) -> None:
        counts[topic] = counts.get(topic, 0) + 1
        if on_output is not None:
            on_output(Collected(topic, key or b"", value, _decoder.decode(value)))

    await prepare_topics(settings)
    async with AsyncExitStack() as stack:
        app = await _start(stack, build(settings, metrics, model))
        secured = Security.of(settings).for_aiokafka()
        producer = AIOKafkaProducer(
            bootstrap_servers=settings.brokers, acks="all", max_request_size=8_000_000, **secured
        )
        await producer.start()
        stack.push_async_callback(producer.stop)
        names = [topics.by_role()[role] for role in OUTPUT_ROLES]
        consumer = AIOKafkaConsumer(
            *names,
            auto_offset_reset="earliest",
            bootstrap_servers=settings.brokers,
            enable_auto_commit=False,
            fetch_max_wait_ms=50,
            **secured,
        )
        await consumer.start()
        stack.push_async_callback(consumer.stop)
        collector = Collector(consumer, names, take)
        await collector.start()
        stack.push_async_callback(collector.stop)

        async def drained() -> None:
            await app.progress.until(lambda p: p.behind() == 0)

        async def play() -> tuple[int, float]:
            feed = Feed(
                producer,
                topics,
                speed=speed,
                stamp=True,
                pause_max_s=pause_max_s,
                progress=app.progress,
                drained=drained,
            )
            began = time.monotonic()
            sent = await feed.send(records, on_sent)
            await drained()
            seconds = time.monotonic() - began
            await collector.until(app.progress)
            return sent, seconds

        sent, seconds = await _unless(play(), app.gave_up(), collector.gave_up())
    return Report(sent, counts, seconds, metrics.latencies)


def write(
    collected: Iterable[Collected], topics: Topics, out: Path, *, prefix: str
) -> dict[str, int]:
    """Write each output topic as `<topic>.jsonl`, in the order of event time, then key, then arrival.

    Gives the number of records by topic. `prefix` takes the place of the topics' own, so that a run in
    topics of its own writes what a run in the usual ones does.
    """
    out.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[tuple[str, bytes, bytes]]] = {
        topics.by_role()[role]: [] for role in OUTPUT_ROLES
    }
    for topic, key, value, record in collected:
        when = getattr(record, "event_time", None)
        if isinstance(record, DeadLetter):
            value = msgspec.json.encode(_as_from(record, topics, prefix))
        lines[topic].append((when.isoformat() if when else "", key, value))
    written: dict[str, int] = {}
    for topic, entries in lines.items():
        entries.sort(key=lambda entry: entry[:2])
        name = prefix + topic.removeprefix(topics.prefix)
        (out / f"{name}.jsonl").write_bytes(b"".join(value + b"\n" for *_, value in entries))
        written[name] = len(entries)
    return written


def _as_from(letter: DeadLetter, topics: Topics, prefix: str) -> DeadLetter:
    """The dead letter as it would be of the same place in topics with that prefix."""
    topic = prefix + letter.topic.removeprefix(topics.prefix)
    place = (topic, letter.partition, letter.offset)
    return msgspec.structs.replace(letter, id=record_id("dead", *place), topic=topic)


async def _unless(work: Coroutine[None, None, T], *failures: Coroutine[None, None, Never]) -> T:
    """The result of the work, unless a failure comes first; then that is raised."""
    tasks = [asyncio.ensure_future(c) for c in (work, *failures)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {tasks[0]}:
            task.result()
        return await tasks[0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _start(stack: AsyncExitStack, app: CxApp) -> CxApp:
    """Start the application here and wait until it reads."""
    await app.start()
    stack.push_async_callback(app.stop)
    await app.ready.wait()
    return app
