"""How much one desk takes: fragments one by one, in batches, over a WebSocket, and as Twilio sends them.

    .venv/bin/python benchmarks/desk.py [--seconds 8] [--brokers HOST:PORT]

One desk process, one sender process, and the broker share the machine. Accepted means with Kafka, redacted.
For a ratio that does not depend on the machine the same records are also written straight to the broker.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlencode

import httpx
import websockets
from aiokafka import AIOKafkaProducer

from cxstream.engine.embedded import EmbeddedBroker

TOKEN = "benchmark"  # noqa: S105
BEARER = {"Authorization": f"Bearer {TOKEN}"}
TEXT = "I was charged twice this month, my order is 48213, can you call me back on 020 7946 0018"
SENDERS = 16
IN_FLIGHT = 200


def say(*words: str) -> None:
    """A line of the result."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def record(number: int) -> dict[str, object]:
    """One final of one of a hundred conversations."""
    return {
        "schema": "cx.fragment.v1",
        "conversation_id": f"bench:{number % 100}",
        "fragment_id": f"u-{number}",
        "text": TEXT,
        "speaker": {"role": "customer"},
    }


@contextmanager
def desk(brokers: str, embedded: bool) -> Iterator[str]:
    """A desk process; gives its address."""
    given = {
        "CXSTREAM_SECRET_INGEST": TOKEN,
        "CXSTREAM_SECRET_TWILIO": TOKEN,
        "CXSTREAM_TOPIC_PREFIX": f"bench{time.time_ns()}.",
    }
    command = [sys.executable, "-m", "cxstream", "desk", "--port", "0", "--brokers", brokers]
    command += ["--embedded"] if embedded else []
    with subprocess.Popen(command, env=os.environ | given, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = ""
        while "startup complete" not in said:
            line = process.stderr.readline().decode()
            assert line, said
            said += line
        found = re.search(r"http://\S+", said)
        assert found is not None
        try:
            yield found[0]
        finally:
            process.terminate()


async def during(seconds: float, send: Callable[[int], Awaitable[int]], senders: int) -> str:
    """Send from several tasks until the time is over; records a second and latency of a request."""
    end = time.monotonic() + seconds
    taken, latencies = 0, []
    number = 0

    async def one() -> None:
        nonlocal taken, number
        while time.monotonic() < end:
            number += 1
            began = time.monotonic()
            records = await send(number)
            taken += records
            latencies.append(time.monotonic() - began)

    began = time.monotonic()
    await asyncio.gather(*(one() for _ in range(senders)))
    ordered = sorted(latencies)
    p50, p95 = statistics.median(ordered), ordered[int(0.95 * len(ordered))]
    rate = taken / (time.monotonic() - began)
    return f"{rate:8.0f} records/s   a request: p50 {p50 * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms"


async def over_http(url: str, seconds: float) -> None:
    """One by one, in batches of a hundred, and Twilio's callbacks."""
    async with httpx.AsyncClient(headers=BEARER, timeout=60) as client:

        async def single(number: int) -> int:
            answer = await client.post(f"{url}/v1/fragments", json=record(number))
            assert answer.status_code == 202, answer.text
            return 1

        async def batch(number: int) -> int:
            body = [record(number * 100 + n) for n in range(100)]
            answer = await client.post(f"{url}/v1/fragments", json=body)
            assert answer.status_code == 202, answer.text
            return 100

        async def twilio(number: int) -> int:
            fields = {
                "CallSid": f"CA{number % 100}",
                "TranscriptionSid": "GT1",
                "TranscriptionEvent": "transcription-content",
                "Track": "inbound_track",
                "SequenceId": str(number),
                "Final": "true",
                "Timestamp": "2026-11-23T10:00:00Z",
                "TranscriptionData": json.dumps({"transcript": TEXT, "confidence": 0.9}),
            }
            at = f"{url}/v1/connect/twilio"
            signed = at + "".join(k + v for k, v in sorted(fields.items()))
            digest = hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()
            headers = {
                "X-Twilio-Signature": base64.b64encode(digest).decode(),
                "Content-Type": "application/x-www-form-urlencoded",
            }
            answer = await client.post(at, content=urlencode(fields), headers=headers)
            assert answer.status_code == 202, answer.text
            return 1

        say("HTTP, one by one   ", await during(seconds, single, SENDERS))
        say("HTTP, batches of 100", await during(seconds, batch, 2))
        say("Twilio callbacks   ", await during(seconds, twilio, SENDERS))


async def over_socket(url: str, seconds: float) -> None:
    """One WebSocket with a window of frames in flight."""
    at = url.replace("http", "ws") + "/v1/fragments"
    async with websockets.connect(at, additional_headers=BEARER) as socket:
        began = time.monotonic()
        sent = acknowledged = 0
        while time.monotonic() < began + seconds or acknowledged < sent:
            while sent - acknowledged < IN_FLIGHT and time.monotonic() < began + seconds:
                await socket.send(json.dumps({"id": str(sent), "record": record(sent)}))
                sent += 1
            told = json.loads(await socket.recv())
            assert told == {"id": str(acknowledged), "accepted": True}, told
            acknowledged += 1
        say(f"WebSocket            {acknowledged / (time.monotonic() - began):8.0f} records/s")


async def straight(brokers: str, seconds: float) -> None:
    """The same records without a desk, by the same client library."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, acks="all", enable_idempotence=True)
    await producer.start()
    try:

        async def batch(number: int) -> int:
            sent = [
                await producer.send("straight", json.dumps(record(number * 100 + n)).encode())
                for n in range(100)
            ]
            await asyncio.gather(*sent)
            return 100

        say("straight to Kafka  ", await during(seconds, batch, 2))
    finally:
        await producer.stop()


def main() -> None:
    """Run all of it and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--brokers")
    given = parser.parse_args()
    with ExitStack() as stack:
        brokers = given.brokers or stack.enter_context(EmbeddedBroker()).bootstrap_servers
        url = stack.enter_context(desk(brokers, embedded=given.brokers is None))
        asyncio.run(over_http(url, given.seconds))
        asyncio.run(over_socket(url, given.seconds))
        asyncio.run(straight(brokers, given.seconds))


if __name__ == "__main__":
    main()
