"""Recorded files into the pipeline: read, merged by time, sent, and what came out written down."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from cxstream import bootstrap, replay
from cxstream.engine.embedded import EmbeddedBroker
from cxstream.engine.feed import Feed, Record
from cxstream.engine.topics import Security, Topics
from cxstream.errors import SettingsError
from cxstream.listen.files import Unreadable
from cxstream.listen.readers import FORMATS, merge_by_time
from cxstream.settings import Settings


class Source(NamedTuple):
    """Files of one format, heard together in the order of event time."""

    files: list[Path]
    file_format: str
    limit: int | None = None

    def records(self) -> Iterator[Record]:
        """The records, and as bytes those that could not be read: they belong in the dead letters."""
        if self.file_format not in FORMATS:
            known = ", ".join(sorted(FORMATS))
            raise SettingsError(f"--format: one of {known}; got {self.file_format!r}")
        unread: list[Unreadable] = []
        reader = FORMATS[self.file_format]
        merged = merge_by_time(reader(file, on_unreadable=unread.append) for file in self.files)
        for record in islice(merged, self.limit):
            yield from (broken.value for broken in unread)
            unread.clear()
            yield record
        yield from (broken.value for broken in unread)


async def send(settings: Settings, source: Source, speed: float | None) -> dict[str, object]:
    """Send the records to `cx.transcripts` for workers elsewhere."""
    await bootstrap.prepare_topics(settings)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.brokers, acks="all", **Security.of(settings).for_aiokafka()
    )
    await producer.start()
    try:
        feed = Feed(producer, Topics(settings.topic_prefix), speed=speed, stamp=False)
        return {"sent": await feed.send(source.records())}
    finally:
        await producer.stop()


async def run(
    settings: Settings, source: Source, speed: float | None, out: Path, *, own_broker: bool
) -> dict[str, object]:
    """The whole pipeline over the records; each output topic becomes a file in `out`."""
    with ExitStack() as stack:
        apart: dict[str, object] = {"score_deadline_s": None}
        if own_broker:
            broker = stack.enter_context(EmbeddedBroker())
            apart |= {"brokers": broker.bootstrap_servers, "embedded": True}
        else:
            name = f"replay-{uuid.uuid4().hex[:8]}"
            apart |= {"app_id": name, "topic_prefix": f"{name}.{settings.topic_prefix}"}
        settings_apart = settings.model_copy(update=apart)
        collected: list[replay.Collected] = []
        report = await replay.run(
            settings_apart, source.records(), speed=speed, on_output=collected.append
        )
        if not own_broker:
            await bootstrap.remove_topics(settings_apart)
    topics = Topics(settings_apart.topic_prefix)
    written = replay.write(collected, topics, out, prefix=settings.topic_prefix)
    return {
        "sent": report.sent,
        "seconds": round(report.seconds, 2),
        "written": written,
        "latency_ms": {
            f"p{share}": round(report.percentile(share / 100) * 1000, 1) for share in (50, 95, 99)
        },
    }
