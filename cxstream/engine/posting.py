"""Topics -> one webhook endpoint: read in a group of its own, posted, then committed.

An endpoint that is down delays nobody but itself. Records of one key are posted one after the other, keys
side by side; what can't be delivered goes to `cx.dead-letters`. After a crash the last ones come again under
the same ids.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import CommitFailedError, KafkaError

from cxstream.engine import codec
from cxstream.engine.codec import place_of
from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.engine.tracing import Tracer, carried, reading
from cxstream.errors import UNREADABLE, DeliveryError, RecordError
from cxstream.events import Action, Escalation, Nudge, Summary
from cxstream.listen.redact import Redactor
from cxstream.settings import Settings

Posted = Nudge | Action | Escalation | Summary
Post = Callable[[Posted], Awaitable[bool]]

AT_ONCE = 32
_POLL_SLACK_S = 60.0
_RETRY_S = 1.0

_log = logging.getLogger(__name__)
_decoder: msgspec.json.Decoder[Posted] = msgspec.json.Decoder(Posted)


class Posting:
    """A service that posts the records of some topics (by role) through `post`.

    `within_s` is the longest that one post may take; the first start begins with what the topics hold.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        roles: Sequence[str],
        post: Post,
        *,
        within_s: float,
        redactor: Redactor,
        tracer: Tracer | None = None,
    ) -> None:
        self._settings = settings
        self._name = name
        names = Topics(settings.topic_prefix)
        self._topics = [names.by_role()[role] for role in roles]
        self._dead_letters = names.dead_letters
        self._post = post
        self._within_s = within_s
        self._redactor = redactor
        self._tracer = tracer
        self._consumer: AIOKafkaConsumer | None = None
        self._producer: AIOKafkaProducer | None = None
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join the group and begin. Raises `EngineError` when no broker answers."""
        settings = self._settings
        secured = Security.of(settings).for_aiokafka()
        session_ms = round(settings.session_timeout_s * 1000)
        self._consumer = AIOKafkaConsumer(
            *self._topics,
            bootstrap_servers=settings.brokers,
            group_id=f"{settings.app_id}-webhook-{self._name}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 5,
            # a batch may be of one key, posted one after the other
            max_poll_interval_ms=round((AT_ONCE * self._within_s + _POLL_SLACK_S) * 1000),
            fetch_max_wait_ms=100,
            **secured,
        )
        self._producer = AIOKafkaProducer(
            bootstrap_servers=settings.brokers, acks="all", max_request_size=8_000_000, **secured
        )
        with reaching(settings.brokers):
            await self._producer.start()
            await self._consumer.start()
        self._running = asyncio.create_task(self._run(self._consumer))

    async def stop(self) -> None:
        """Stop; what was not committed comes again."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        for part in (self._consumer, self._producer):
            if part is not None:
                await part.stop()

    async def _run(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                batches = await consumer.getmany(timeout_ms=500, max_records=AT_ONCE)
                by_key: dict[bytes, list[ConsumerRecord]] = {}
                for messages in batches.values():
                    for message in messages:
                        by_key.setdefault(message.key or b"", []).append(message)
                if by_key:
                    await asyncio.gather(*(self._one_by_one(m) for m in by_key.values()))
                    await consumer.commit()
            except CommitFailedError:
                _log.info("webhook %s: partitions moved; their new owner goes on", self._name)
            except KafkaError as error:
                _log.warning("webhook %s: %s; trying again", self._name, type(error).__name__)
                await asyncio.sleep(_RETRY_S)

    async def _one_by_one(self, messages: list[ConsumerRecord]) -> None:
        for message in messages:
            headers = list(message.headers)
            with reading(self._tracer, f"webhook {self._name}", place_of(message), headers) as span:
                refused = await self._posted(message)
                if refused is not None:
                    if span is not None:
                        span.fail(refused.reason)
                    await self._bury(message, refused)

    async def _posted(self, message: ConsumerRecord) -> RecordError | None:
        """Post a record; why it is to be buried, if it could not be delivered."""
        try:
            await self._post(read(message.value))
        except RecordError as error:
            return error
        except DeliveryError as error:
            _log.warning("webhook %s: not delivered: %s", self._name, error.reason)
            field = f"webhook {self._name}"
            mend = f"{error}; mend the endpoint, then send the record again"
            return RecordError("undelivered", field=field, mend=mend)
        return None

    async def _bury(self, message: ConsumerRecord, error: RecordError) -> None:
        assert self._producer is not None
        letter = codec.dead_letter(
            error, place_of(message), message.key, message.value, self._redactor
        )
        letter = msgspec.structs.replace(letter, id=f"{letter.id}-{self._name}")
        key = letter.key or ""
        carries = carried(list(message.headers), message.timestamp)
        await self._producer.send_and_wait(
            self._dead_letters,
            codec.encode(letter),
            key=key.encode("utf-8", "replace"),
            headers=codec.headers(letter, key, carries),
        )


def read(value: bytes | None) -> Posted:
    """A record that is posted. Raises `RecordError`."""
    try:
        return _decoder.decode(value or b"")
    except UNREADABLE as error:
        mend = "only cxstream writes to this topic; see who else does"
        raise RecordError("bad_value", field="$", mend=mend) from error
