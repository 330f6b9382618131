"""How much one desk takes: fragments one by one, in batches, over a WebSocket, and as Twilio sends them.

    .venv/bin/python benchmarks/desk.py [--seconds 8] [--brokers HOST:PORT] [--traces]

One desk process, one sender process, and the broker share the machine. Accepted means with Kafka, redacted.
CPU is that of the desk's process alone, by record. For a ratio that does not depend on the machine the same
records are also written straight to the broker. `--traces` has the desk make spans, for a collector that is not
there.
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
from pathlib import Path
from typing import NamedTuple
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


class Desk(NamedTuple):
    """A desk process."""

    url: str
    pid: int

    def cpu_s(self) -> float:
        """Processor time that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def desk(brokers: str, embedded: bool, traces: bool) -> Iterator[Desk]:
    """A desk process."""
    given = {
        "CXSTREAM_SECRET_INGEST": TOKEN,
        "CXSTREAM_SECRET_TWILIO": TOKEN,
        "CXSTREAM_TOPIC_PREFIX": f"bench{time.time_ns()}.",
    }
    if traces:
        given["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9"
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
            yield Desk(found[0], process.pid)
        finally:
            process.terminate()


async def during(
    seconds: float, send: Callable[[int], Awaitable[int]], senders: int, taker: Desk | None = None
) -> str:
    """Send from several tasks until the time is over; records a second, latency, CPU of a record."""
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

    used_s = taker.cpu_s() if taker else 0.0
    began = time.monotonic()
    await asyncio.gather(*(one() for _ in range(senders)))
    used_s = taker.cpu_s() - used_s if taker else 0.0
    ordered = sorted(latencies)
    p50, p95 = statistics.median(ordered), ordered[int(0.95 * len(ordered))]
    rate = taken / (time.monotonic() - began)
    said = f"{rate:8.0f} records/s   a request: p50 {p50 * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms"
    return said + (f"   desk's CPU: {1e6 * used_s / taken:.0f} us a record" if taker else "")


async def over_http(taker: Desk, seconds: float) -> None:
    """One by one, in batches of a hundred, and Twilio's callbacks."""
    url = taker.url
    kept = httpx.Limits(keepalive_expiry=2)  # before the desk would close it
    async with httpx.AsyncClient(headers=BEARER, timeout=60, limits=kept) as client:

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

        say("HTTP, one by one   ", await during(seconds, single, SENDERS, taker))
        say("HTTP, batches of 100", await during(seconds, batch, 2, taker))
        say("Twilio callbacks   ", await during(seconds, twilio, SENDERS, taker))


async def over_socket(taker: Desk, seconds: float, in_flight: int) -> None:
    """One WebSocket with a window of frames in flight; how long each waits for its acknowledgement."""
    at = taker.url.replace("http", "ws") + "/v1/fragments"
    async with websockets.connect(at, additional_headers=BEARER) as socket:
        used_s, began = taker.cpu_s(), time.monotonic()
        sent_at: list[float] = []
        waited: list[float] = []
        while time.monotonic() < began + seconds or len(waited) < len(sent_at):
            while len(sent_at) - len(waited) < in_flight and time.monotonic() < began + seconds:
                number = len(sent_at)
                sent_at.append(time.monotonic())
                await socket.send(json.dumps({"id": str(number), "record": record(number)}))
            if len(waited) == len(sent_at):
                break
            told = json.loads(await socket.recv())
            assert told == {"id": str(len(waited)), "accepted": True}, told
            waited.append(time.monotonic() - sent_at[len(waited)])
        rate = len(waited) / (time.monotonic() - began)
        waited.sort()
        p50, p95 = statistics.median(waited), waited[int(0.95 * len(waited))]
        say(
            f"WebSocket, {in_flight:3} at once",
            f"{rate:8.0f} records/s   an answer: p50 {p50 * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms"
            f"   desk's CPU: {1e6 * (taker.cpu_s() - used_s) / len(waited):.0f} us a record",
        )


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
    parser.add_argument("--traces", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        brokers = given.brokers or stack.enter_context(EmbeddedBroker()).bootstrap_servers
        taker = stack.enter_context(desk(brokers, given.brokers is None, given.traces))
        asyncio.run(over_http(taker, given.seconds))
        for in_flight in (1, IN_FLIGHT):
            asyncio.run(over_socket(taker, given.seconds, in_flight))
        asyncio.run(straight(brokers, given.seconds))


if __name__ == "__main__":
    main()
