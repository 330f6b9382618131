"""Dead letters by hand: which there are, what each says, and sending one again when its cause is mended.

Sending again is safe: ids are functions of the records, so what was applied before changes nothing, and a
letter that comes back a third time is refused until somebody mends it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from cxstream.engine import history
from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.errors import UNREADABLE, RecordError
from cxstream.events import DeadLetter, Trace
from cxstream.listen.redact import Redactor
from cxstream.listen.unread import without_personal_data
from cxstream.settings import Settings

REPLAYS: Final = "cx-replays"
"""Header: how often a record was sent again."""

REPLAYS_MAX: Final = 3
_decoder = msgspec.json.Decoder(DeadLetter)


class Letter(NamedTuple):
    """A dead letter, when it was written (epoch ms), and the trace that it ends."""

    record: DeadLetter
    at_ms: int
    trace: Trace | None = None


class Replayed(NamedTuple):
    """What was done with a letter: `sent` (as it came), `sent masked`, `sent mended`, or `refused` and why."""

    id: str
    done: str
    topic: str
    note: str = ""


async def read_letters(
    settings: Settings, wanted: Callable[[DeadLetter], bool] = lambda _: True
) -> list[Letter]:
    """The letters that are there now, oldest first, each once. Raises `EngineError`."""
    topic = Topics(settings.topic_prefix).dead_letters
    places = await history.places_of(settings, topic)
    found: dict[str, Letter] = {}
    async with history.opened(settings) as consumer:
        async for message in history.until_now(consumer, places):
            record = read_one(message.value)
            if record is not None and wanted(record):
                trace = Trace.read(dict(message.headers))
                found.setdefault(record.id, Letter(record, message.timestamp, trace))
    return sorted(found.values(), key=_when_and_where)


async def replay_letters(
    settings: Settings,
    letters: Sequence[Letter],
    redactor: Redactor,
    *,
    mended: bytes | None = None,
) -> list[Replayed]:
    """Send letters again to the topics they came from, in order; on return the broker has them.

    What is sent is `mended`, else the record itself while its topic still keeps it, else what the letter holds,
    which has masks where personal data stood. Raises `EngineError`.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.brokers,
        enable_idempotence=not settings.embedded,
        max_request_size=8_000_000,
        **Security.of(settings).for_aiokafka(),
    )
    done = []
    partitions = await history.partitions(settings, {letter.record.topic for letter in letters})
    async with history.opened(settings) as consumer:
        with reaching(settings.brokers):
            await producer.start()
            try:
                for letter in letters:
                    original = None
                    if letter.record.partition < partitions[letter.record.topic]:
                        original = await _original(consumer, letter.record, redactor)
                    done.append(await _send(producer, letter, original, mended))
            finally:
                await producer.stop()
    return done


def read_one(value: bytes | None) -> DeadLetter | None:
    """A letter; None for what a foreign writer put there."""
    return history.readable(_decoder, value)


def value_of(letter: DeadLetter) -> bytes:
    """The bytes that a letter holds. Raises `RecordError` for one that cxstream did not write."""
    try:
        if letter.encoding == "base64":
            return base64.b64decode(letter.value, validate=True)
        return letter.value.encode()
    except UNREADABLE as error:
        mend = "the letter is damaged; send the record itself again"
        raise RecordError("bad_value", field="value", mend=mend) from error


def replays(headers: Mapping[str, bytes]) -> int:
    """How often a record was sent again; a header that is none of ours counts as never."""
    said = headers.get(REPLAYS, b"")
    return int(said) if said.isdigit() and len(said) <= 3 else 0


async def _send(
    producer: AIOKafkaProducer,
    dead: Letter,
    original: ConsumerRecord | None,
    mended: bytes | None,
) -> Replayed:
    letter = dead.record
    headers = list(original.headers) if original else _in_trace(dead.trace)
    times = replays(dict(headers))
    if mended is None and times >= REPLAYS_MAX:
        note = f"came back {times} times: mend it (`show {letter.id} --value`) and replay it --with FILE"
        return Replayed(letter.id, "refused", letter.topic, note)
    headers = [(name, value) for name, value in headers if name != REPLAYS]
    headers.append((REPLAYS, str(times + 1).encode()))
    if mended is not None:
        value, done = mended, "sent mended"
    elif original is not None:
        value, done = original.value, "sent"
    else:
        value, done = value_of(letter), "sent masked" if letter.masked else "sent"
    key = original.key if original else letter.key.encode() if letter.key is not None else None
    partition = letter.partition if key is None else None
    await producer.send_and_wait(letter.topic, value, key=key, partition=partition, headers=headers)
    return Replayed(letter.id, done, letter.topic)


def _in_trace(trace: Trace | None) -> list[tuple[str, bytes]]:
    return [] if trace is None else [(name, said.encode()) for name, said in trace.headers()]


async def _original(
    consumer: AIOKafkaConsumer, letter: DeadLetter, redactor: Redactor
) -> ConsumerRecord | None:
    """The record that a letter tells of, if its topic still has it."""
    place = TopicPartition(letter.topic, letter.partition)
    consumer.assign([place])
    first = (await consumer.beginning_offsets([place]))[place]
    end = (await consumer.end_offsets([place]))[place]
    if not first <= letter.offset < end:
        return None
    consumer.seek(place, letter.offset)
    for record in (await consumer.getmany(place, timeout_ms=history.WAIT_MS, max_records=1)).get(
        place, ()
    ):
        # another record at that place (the topic was made anew) is not the one
        same = without_personal_data(record.value or b"", redactor) == value_of(letter)
        if record.offset == letter.offset and same:
            return record
    return None


def _when_and_where(letter: Letter) -> tuple[int, str, int, int]:
    record = letter.record
    return letter.at_ms, record.topic, record.partition, record.offset


def by_reason(letters: Iterable[Letter]) -> dict[str, int]:
    """How many letters each reason has, most first."""
    counts: dict[str, int] = {}
    for letter in letters:
        counts[letter.record.reason] = counts.get(letter.record.reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
