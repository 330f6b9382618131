"""A whole system for the pages: worker and desk on a broker, in a thread, and stories told up to a moment."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType

from brokers import Broker
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from msgspec.structs import replace
from waiting import until_async

from cxstream import bootstrap
from cxstream.bootstrap.desk import build_desk
from cxstream.bootstrap.live import tokens
from cxstream.demo.story import Story
from cxstream.desk.secrets import Secrets
from cxstream.desk.serve import listen, server_of
from cxstream.desk.tokens import Viewer
from cxstream.engine import codec
from cxstream.events import Fragment, Transcript, from_ms, to_ms
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings
from cxstream.understand.scorer import Scorer

SECRETS = {
    "CXSTREAM_SECRET_INGEST": "an-ingest-secret-of-the-tests",
    "CXSTREAM_SECRET_DESK": "a-desk-secret-of-the-tests-0123456789",
}
TENANT = "demo"
WITHIN_S = 120.0


class Floor:
    """Worker and desk from `with` to its end; `send` writes to `cx.transcripts` as telephony would."""

    def __init__(self, broker: Broker, prefix: str, model: Scorer) -> None:
        self.settings = Settings(
            brokers=broker.bootstrap_servers,
            embedded=broker.embedded,
            topic_prefix=prefix,
            app_id=prefix.rstrip("."),
            score_deadline_s=None,
            overload_s=None,
            explain_deadline_s=None,
            desk_lookback_s=600,
            store="memory",
        )
        self.secrets = Secrets(environ=SECRETS)
        self._model = model
        self._listening = listen("127.0.0.1", 0)
        self.port = self._listening.getsockname()[1]
        self._ready = threading.Event()
        self._problem: BaseException | None = None
        self._stop: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="floor")

    def link(self, page: str, viewer: Viewer) -> str:
        """The address of a page, signed in."""
        token, _ = tokens(self.settings, self.secrets).issue(viewer)
        return f"http://127.0.0.1:{self.port}/{page}#{token}"

    def send(self, records: Iterable[Transcript]) -> None:
        """Write records, in order; they are with the broker on return."""
        producer = Producer({"bootstrap.servers": self.settings.brokers})
        topic = self.settings.topic_prefix + "transcripts"
        for record in records:
            producer.produce(topic, codec.encode(record), record.conversation_id)
        assert producer.flush(WITHIN_S) == 0

    def on_topic(self, role: str) -> list[bytes]:
        """Everything that a topic holds now."""
        topic = self.settings.topic_prefix + role
        consumer = Consumer({"bootstrap.servers": self.settings.brokers, "group.id": "looks"})
        try:
            numbers = consumer.list_topics(topic, WITHIN_S).topics[topic].partitions
            places = [TopicPartition(topic, number, OFFSET_BEGINNING) for number in numbers]
            left = sum(high - low for low, high in map(consumer.get_watermark_offsets, places))
            consumer.assign(places)
            found: list[bytes] = []
            while len(found) < left:
                message = consumer.poll(WITHIN_S)
                assert message is not None
                assert message.error() is None
                found.append(message.value())
            return found
        finally:
            consumer.close()

    def __enter__(self) -> Floor:
        self._thread.start()
        if not self._ready.wait(WITHIN_S) or self._problem:
            raise RuntimeError("the floor did not open") from self._problem
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as problem:  # noqa: BLE001  told to the test's own thread
            self._problem = problem
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        await bootstrap.prepare_topics(self.settings)
        worker = bootstrap.build(self.settings, Metrics(), self._model)
        await worker.start()
        try:
            await worker.ready.wait()
            server = server_of(build_desk(self.settings, self.secrets), drain_s=1.0)
            self._stop = lambda: setattr(server, "should_exit", True)
            serving = asyncio.create_task(server.serve(sockets=[self._listening]))
            await until_async(lambda: server.started or serving.done(), "the desk", WITHIN_S)
            self._ready.set()
            await serving
        finally:
            await worker.stop()


def told(story: Story, until: str | None = None) -> list[Transcript]:
    """A story up to the end of a labelled line, or whole, as if that moment were now."""
    end_ms = story.moments[until].end_ms if until else story.arrivals[-1].at_ms
    records = [arrival.record for arrival in story.arrivals if arrival.at_ms <= end_ms]
    last_ms = max(to_ms(record.event_time) for record in records if record.event_time)
    shift_ms = time.time_ns() // 1_000_000 - last_ms
    return [_shifted(record, shift_ms) for record in records]


def _shifted(record: Transcript, shift_ms: int) -> Transcript:
    when = from_ms(to_ms(record.event_time) + shift_ms) if record.event_time else None
    if isinstance(record, Fragment):
        return replace(record, event_time=when, ingest_time=None, clock_origin=None)
    return replace(record, event_time=when, ingest_time=None)
