"""Dead letters are workable: listed with their place, read, mended, sent again, and refused in the end."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from brokers import Broker
from msgspec.structs import replace as replaced
from support import run_records, said, settings_for

from cxstream.engine import letters
from cxstream.engine.topics import Topics
from cxstream.events import Trace
from cxstream.listen.redact import PatternRedactor
from cxstream.settings import Settings

CARD = "4111 1111 1111 1111"
WRONG = json.dumps(
    {"schema": "cx.fragment.v1", "conversation_id": "c", "fragment_id": "f", "text": [CARD]}
).encode()
TRACE = Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
POISON = b"\xffhello"


def read(settings: Settings) -> list[letters.Letter]:
    return asyncio.run(letters.read_letters(settings))


def replay(
    settings: Settings, found: list[letters.Letter], mended: bytes | None = None
) -> list[letters.Replayed]:
    run = letters.replay_letters(settings, found, PatternRedactor(), mended=mended)
    return asyncio.run(run)


async def transcripts(settings: Settings) -> list[tuple[bytes, dict[str, bytes]]]:
    """What stands on the transcripts topic's first partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.brokers, fetch_max_wait_ms=50)
    await consumer.start()
    try:
        place = TopicPartition(Topics(settings.topic_prefix).transcripts, 0)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        found: list[tuple[bytes, dict[str, bytes]]] = []
        while len(found) < end:
            batch = (await consumer.getmany(place, timeout_ms=2000)).get(place, ())
            found += [(message.value, dict(message.headers)) for message in batch]
        return found
    finally:
        await consumer.stop()


@pytest.fixture
def settings(broker: Broker, topic_prefix: str) -> Settings:
    """Settings of topics on which two letters lie."""
    run_records(broker, topic_prefix, [WRONG, said("good", 0, "Hello"), POISON])
    return settings_for(broker, topic_prefix)


def test_listed_sent_again_mended_and_refused_in_the_end(settings: Settings) -> None:
    wrong, poison = found = read(settings)
    assert [letter.record.reason for letter in found] == ["wrong_type", "not_utf8"]
    assert CARD not in wrong.record.value and wrong.record.masked
    assert letters.by_reason(found) == {"not_utf8": 1, "wrong_type": 1}

    assert [one.done for one in replay(settings, found)] == ["sent", "sent"]
    again = sent_again(settings)
    assert [value for value, _ in again] == [WRONG, POISON], "as their topic still has them"
    assert {headers[letters.REPLAYS] for _, headers in again} == {b"1"}

    mended = WRONG.replace(b'["', b'"').replace(b'"]', b'"')
    assert replay(settings, [wrong], mended)[0].done == "sent mended"
    assert sent_again(settings)[-1][0] == mended

    for offset, why in ((10_000, "gone"), (wrong.record.offset + 1, "not its record")):
        elsewhere = wrong._replace(record=replaced(wrong.record, offset=offset))
        assert replay(settings, [elsewhere])[0].done == "sent masked", why
        assert CARD.encode() not in sent_again(settings)[-1][0]

    for _ in range(letters.REPLAYS_MAX):
        assert replay(settings, [poison])[0].done == "sent"
        last = len(asyncio.run(transcripts(settings))) - 1
        poison = poison._replace(record=replaced(poison.record, offset=last, partition=0))
    refused = replay(settings, [poison])[0]
    assert refused.done == "refused" and "--with FILE" in refused.note
    assert replay(settings, [poison], b"{}")[0].done == "sent mended"


def test_what_is_sent_again_goes_on_in_its_trace(settings: Settings) -> None:
    _, poison = read(settings)
    gone = poison._replace(record=replaced(poison.record, offset=10_000), trace=TRACE)
    replay(settings, [gone])  # from the letter, then from the record that this has made
    last = len(asyncio.run(transcripts(settings))) - 1
    replay(settings, [poison._replace(record=replaced(poison.record, offset=last, partition=0))])
    again = sent_again(settings)
    assert [Trace.read(headers) for _, headers in again] == [TRACE, TRACE]
    assert [headers[letters.REPLAYS] for _, headers in again] == [b"1", b"2"]


def test_the_command_line(embedded_broker: Broker, topic_prefix: str, tmp_path: Path) -> None:
    run_records(embedded_broker, topic_prefix, [WRONG, POISON])
    settings = settings_for(embedded_broker, topic_prefix)
    run = command_line(settings)
    listed = [json.loads(line) for line in run("list", "--json").splitlines()]
    assert [row["reason"] for row in listed] == ["wrong_type", "not_utf8"]
    place = Topics(settings.topic_prefix).transcripts
    assert listed[0]["place"].startswith(f"{place}/0/")
    shown = json.loads(run("show", listed[0]["id"]))
    assert shown["mend"] and shown["offset"] == int(listed[0]["place"].rpartition("/")[2])
    assert b"[CARD]" in run("show", listed[0]["id"], "--value")
    assert b"would send" in run("replay", "--reason", "not_utf8", "--dry-run")
    assert sent_again(settings) == []
    mended = tmp_path / "mended.json"
    mended.write_bytes(b'{"schema":"cx.fragment.v1"}')
    assert b"sent mended" in run("replay", listed[1]["id"], "--with", str(mended))
    assert [value for value, _ in sent_again(settings)] == [mended.read_bytes()]
    assert b"say which" in run("replay", code=1)
    assert b"no dead letter dead_x" in run("replay", "dead_x", code=1)


def sent_again(settings: Settings) -> list[tuple[bytes, dict[str, bytes]]]:
    """What came onto the transcripts topic by a replay."""
    return [one for one in asyncio.run(transcripts(settings)) if letters.REPLAYS in one[1]]


def command_line(settings: Settings) -> Callable[..., bytes]:
    """Runs `cxstream dead-letters` against the test's topics."""
    environment = {
        **os.environ,
        "CXSTREAM_BROKERS": settings.brokers,
        "CXSTREAM_TOPIC_PREFIX": settings.topic_prefix,
        "CXSTREAM_EMBEDDED": str(settings.embedded).lower(),
        "COLUMNS": "200",
    }

    def run(*arguments: str, code: int = 0) -> bytes:
        done = subprocess.run(
            [sys.executable, "-m", "cxstream", "dead-letters", *arguments],
            capture_output=True,
            env=environment,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout

    return run
