"""Records from the desk to `cx.transcripts`, by a producer of its own: the desk's `TranscriptWriter`.

The producer is idempotent: what it has to send twice stands once in the topic, in order. It waits for all
replicas in sync.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from msgspec import Struct

from cxstream.engine import codec
from cxstream.engine.codec import Cause
from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.engine.tracing import Span, Tracer, sending
from cxstream.errors import EngineError
from cxstream.events import Approval, Outcome, Trace, Transcript
from cxstream.settings import Settings

_REFUSED = "Kafka does not take records at the moment"


class TranscriptProducer:
    """Writes transcripts keyed by conversation; also a service to start and stop, and a part to be ready."""

    def __init__(self, settings: Settings, tracer: Tracer | None = None) -> None:
        self._settings = settings
        self._tracer = tracer
        self._topic = Topics(settings.topic_prefix).transcripts
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect. Raises `EngineError` when no broker answers."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.brokers,
            enable_idempotence=True,
            acks="all",
            request_timeout_ms=round(self._settings.desk_write_timeout_s * 1000),
            max_request_size=8_000_000,
            **Security.of(self._settings).for_aiokafka(),
        )
        try:
            with reaching(self._settings.brokers):
                await self._producer.start()
        except EngineError:
            await self._producer.stop()
            raise

    async def stop(self) -> None:
        """Send what is in hand, then disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def write(self, record: Transcript, trace: Trace | None = None) -> Awaitable[None]:
        """See `desk.ports.TranscriptWriter`."""
        return await self.post(self._topic, record.conversation_id, record, trace)

    async def post(
        self, topic: str, key: str, record: Struct, trace: Trace | None
    ) -> Awaitable[None]:
        """Hand a record over; the awaitable is done when Kafka has it. Both raise `EngineError`."""
        assert self._producer is not None, "start it first"
        cause = Cause(time.time_ns() // 1_000_000, trace)
        headers, span = sending(self._tracer, topic, key, record, cause)
        try:
            async with asyncio.timeout(self._settings.desk_write_timeout_s):
                sent = await self._producer.send(
                    topic, codec.encode(record), key=key.encode(), headers=headers
                )
        except (KafkaError, TimeoutError) as error:
            _over(span, "unavailable")
            raise EngineError(_REFUSED) from error
        return self._safe(sent, span)

    async def _safe(self, sent: asyncio.Future[object], span: Span | None) -> None:
        try:
            async with asyncio.timeout(self._settings.desk_write_timeout_s):
                await asyncio.shield(sent)
        except (KafkaError, TimeoutError) as error:
            _over(span, "unavailable")
            raise EngineError(_REFUSED) from error
        _over(span)

    async def trouble(self) -> str | None:
        """See `desk.ports.Readiness`: whether a broker answers and knows the topic."""
        assert self._producer is not None, "start it first"
        try:
            async with asyncio.timeout(2):
                metadata = await self._producer.client.fetch_all_metadata()
        except (KafkaError, TimeoutError, OSError):
            return "no broker answers"
        if self._topic not in metadata.topics():
            return f"there is no topic {self._topic}"
        return None


class AnswerProducer:
    """Writes what people at desktops say, over the same producer; see `desk.newsroom.AnswerWriter`."""

    def __init__(self, settings: Settings, producer: TranscriptProducer) -> None:
        self._topics = Topics(settings.topic_prefix)
        self._producer = producer

    async def write(self, record: Outcome | Approval, trace: Trace | None = None) -> None:
        """Done when Kafka has it."""
        outcome = isinstance(record, Outcome)
        topic = self._topics.outcomes if outcome else self._topics.approvals
        key = record.customer_id or record.conversation_id
        await (await self._producer.post(topic, key, record, trace))


def _over(span: Span | None, reason: str | None = None) -> None:
    if span is not None:
        if reason is not None:
            span.fail(reason)
        span.end()
