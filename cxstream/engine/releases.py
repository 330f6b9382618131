"""Playbooks on `cx.playbooks`: what lies there, and how a version gets there.

A version's text is under `name@version` and never changes; which one is live, and which on trial, is under
`name`. The topic is compacted, so that a worker that starts finds all of it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from msgspec.structs import replace

from cxstream.engine import codec
from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.errors import PlaybookError, RecordError
from cxstream.events import PlaybookEvent, PlaybookRecord, PlaybookRelease
from cxstream.settings import Settings


class Shelf(msgspec.Struct):
    """Everything that was published: texts by name and version, and the release of each name."""

    versions: dict[tuple[str, str], PlaybookRecord] = {}
    releases: dict[str, PlaybookRelease] = {}

    def take(self, record: PlaybookEvent) -> None:
        """Put one record where it belongs; of two releases the later holds."""
        if isinstance(record, PlaybookRecord):
            self.versions[(record.name, record.version)] = record
            return
        held = self.releases.get(record.name)
        if held is None or held.event_time <= record.event_time:
            self.releases[record.name] = record

    def publishing(self, record: PlaybookRecord) -> list[PlaybookEvent]:
        """What must be sent for a version to be there. Raises `PlaybookError` when it is, with another text."""
        known = self.versions.get((record.name, record.version))
        if known is None:
            return [record]
        if known.text != record.text:
            raise PlaybookError(
                [
                    f"{record.name} {record.version} is published with another text; give it a new version"
                ]
            )
        return []

    def releasing(self, release: PlaybookRelease) -> list[PlaybookEvent]:
        """What must be sent for a release; `previous` is what was live before."""
        held = self.releases.get(release.name)
        before = held.live if held is not None and held.live != release.live else None
        kept = held.previous if held is not None else None
        return [replace(release, previous=before or kept)]

    def rolling_back(self, name: str, at: datetime) -> PlaybookRelease:
        """The release before: without the trial where there is one, else the version that was live before.

        A rollback is not itself rolled back: two people in a hurry must not undo each other. Raises
        `PlaybookError` when there is nothing to go back to.
        """
        held = self.releases.get(name)
        if held is None:
            raise PlaybookError([f"{name} was never released; nothing to roll back"])
        if held.trial is not None:
            return replace(held, trial=None, share=0.0, mode="shadow", event_time=at)
        if held.previous is None:
            raise PlaybookError(
                [
                    f"{name} {held.live} is the first release, or where a rollback went; to leave it, release"
                    " another version by name"
                ]
            )
        return replace(held, live=held.previous, previous=None, event_time=at)


async def read_shelf(settings: Settings) -> Shelf:
    """What lies in `cx.playbooks`; records that cannot be read are left out, as workers do."""
    shelf = Shelf()
    consumer = AIOKafkaConsumer(
        Topics(settings.topic_prefix).playbooks,
        bootstrap_servers=settings.brokers,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=50,
        **Security.of(settings).for_aiokafka(),
    )
    with reaching(settings.brokers):
        await consumer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while any([await consumer.position(p) < end for p, end in ends.items()]):
            for messages in (await consumer.getmany(timeout_ms=200)).values():
                for message in messages:
                    _take(shelf, message.value)
    finally:
        await consumer.stop()
    return shelf


async def send(settings: Settings, records: list[PlaybookEvent]) -> None:
    """Put records on the topic, in order: a version before the release that names it."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.brokers, acks="all", **Security.of(settings).for_aiokafka()
    )
    with reaching(settings.brokers):
        await producer.start()
    try:
        for record in records:
            key = record.name
            if isinstance(record, PlaybookRecord):
                key = f"{record.name}@{record.version}"
            topic = Topics(settings.topic_prefix).playbooks
            await producer.send_and_wait(topic, codec.encode(record), key=key.encode())
    finally:
        await producer.stop()


def _take(shelf: Shelf, value: bytes | None) -> None:
    try:
        shelf.take(codec.decode_playbook(value))
    except RecordError:
        return
