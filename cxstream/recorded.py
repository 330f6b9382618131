"""Recorded files into the pipeline: read, merged by time, sent, and what came out written down."""

from __future__ import annotations

import tempfile
import uuid
import zlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

from aiokafka import AIOKafkaProducer

from cxstream import bootstrap, replay
from cxstream.connectors import files as formats
from cxstream.desk.endpoints import Endpoints
from cxstream.engine.embedded import EmbeddedBroker
from cxstream.engine.feed import Feed, Record
from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.errors import RecordError, SettingsError
from cxstream.events import Transcript
from cxstream.listen.files import OnUnreadable, Reader, Unreadable
from cxstream.listen.readers import merge_by_time
from cxstream.settings import Settings


class Source(NamedTuple):
    """Files of one format, heard together in the order of event time."""

    files: list[Path]
    file_format: str
    limit: int | None = None
    facts: str = ""
    """What the address of a vendor's delivery would say: `agent_id=a-7&roles=0:customer`."""

    def check(self) -> None:
        """See that there is something to read. Raises `SettingsError` naming the file or the option."""
        if self.file_format not in formats.names():
            known = ", ".join(formats.names())
            raise SettingsError(f"--format: one of {known}; got {self.file_format!r}")
        self._reader()
        for file in self.files:
            if not file.is_file():
                raise SettingsError(f"{file}: {'is a folder' if file.is_dir() else 'no such file'}")

    def records(self) -> Iterator[Record]:
        """The records, and as bytes those that could not be read: they belong in the dead letters.

        Raises `SettingsError` when a file cannot be read to its end.
        """
        self.check()
        unread: list[Unreadable] = []
        merged = merge_by_time(self._read(file, unread.append) for file in self.files)
        for record in islice(merged, self.limit):
            yield from (broken.value for broken in unread)
            unread.clear()
            yield record
        yield from (broken.value for broken in unread)

    def _reader(self) -> Reader:
        endpoint = Endpoints().find(self.file_format)
        if endpoint is None:
            return formats.reader(self.file_format)
        try:
            return formats.reader(self.file_format, endpoint.session(dict(parse_qsl(self.facts))))
        except RecordError as error:
            raise SettingsError(f"--facts: {error}") from error

    def _read(self, file: Path, on_unreadable: OnUnreadable) -> Iterator[Transcript]:
        try:
            yield from self._reader()(file, on_unreadable=on_unreadable)
        except RecordError as error:
            raise SettingsError(str(error)) from error
        except (OSError, EOFError, zlib.error) as error:
            raise SettingsError(f"{file}: cannot be read: {error}") from error


async def send(settings: Settings, source: Source, speed: float | None) -> dict[str, object]:
    """Send the records to `cx.transcripts` for workers elsewhere."""
    source.check()
    await bootstrap.prepare_topics(settings)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.brokers,
        acks="all",
        max_request_size=8_000_000,
        **Security.of(settings).for_aiokafka(),
    )
    with reaching(settings.brokers):
        await producer.start()
        try:
            feed = Feed(producer, Topics(settings.topic_prefix), speed=speed, stamp=False)
            return {"sent": await feed.send(source.records())}
        finally:
            await producer.stop()


def _check_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise SettingsError(f"--out: {out} is a file; name a folder, which may be a new one")


async def run(
    settings: Settings, source: Source, speed: float | None, out: Path, *, own_broker: bool
) -> dict[str, object]:
    """The whole pipeline over the records; each output topic becomes a file in `out`.

    With `own_broker` on an embedded broker that lives as long as the run, else on the settings' brokers, in
    topics and a group of this run's own, which are removed whatever happens.
    """
    source.check()
    _check_folder(out)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cxstream-"))
        apart = settings.model_copy(update={"data_dir": Path(folder)})
        if own_broker:
            broker = stack.enter_context(EmbeddedBroker())
            apart = bootstrap.on_embedded(apart, broker.bootstrap_servers)
        else:
            name = f"replay-{uuid.uuid4().hex[:8]}"
            apart = apart.model_copy(
                update={"app_id": name, "topic_prefix": f"{name}.{settings.topic_prefix}"}
            )
            if not settings.embedded:  # which cannot remove topics
                stack.push_async_callback(bootstrap.remove_topics, apart)
            await bootstrap.prepare_topics(apart, forever=True)
        collected: list[replay.Collected] = []
        report = await replay.run(apart, source.records(), speed=speed, on_output=collected.append)
        topics = Topics(apart.topic_prefix)
        written = replay.write(collected, topics, out, prefix=settings.topic_prefix)
    return {
        "sent": report.sent,
        "seconds": round(report.seconds, 2),
        "written": written,
        "latency_ms": {
            f"p{share}": round(report.percentile(share / 100) * 1000, 1) for share in (50, 95, 99)
        },
    }
