"""How many desktops does one desk process carry? CPU, memory, and how late nudges come.

    python benchmarks/desktops.py --desktops 2000 --seconds 30

A desk (a process of its own, on an embedded broker of its own) serves so many agents over SSE. Each agent is
in a conversation: a signal every `--every` seconds and, for every fifth one, a nudge, all through Kafka.
Measured: from the moment a nudge is handed to Kafka until its desktop has read it; the desk's CPU seconds
and resident memory. Readers, sender, broker and desk share this machine, and that is in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path

import msgspec
from confluent_kafka import Producer

from cxstream.desk.tokens import Tokens, Viewer
from cxstream.engine.embedded import EmbeddedBroker
from cxstream.events import (
    Emotion,
    Evidence,
    Intent,
    Nudge,
    Role,
    RuleRef,
    Scores,
    Sentiment,
    SentimentProbabilities,
    Signal,
    Stage,
    Why,
    from_ms,
)

SECRET = "a-secret-of-the-benchmark-0123456789"  # noqa: S105  of a desk that lives a minute
TEXT = "I was charged twice for this and nobody has called me back since Monday, what happens now"
NUDGE_EVERY = 5
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


def now_ms() -> int:
    """This machine's clock."""
    return time.time_ns() // 1_000_000


def signal(agent: int, seq: int) -> Signal:
    """One utterance with its scores."""
    scores = Scores(
        Intent("billing_dispute", 0.9, (("billing_dispute", 0.9), ("complaint", 0.05))),
        Sentiment("negative", -0.4, SentimentProbabilities(0.6, 0.2, 0.2)),
        Emotion(0.3, 0.5, 0.1, 0.2, 0.0),
        0.01,
        "bench",
    )
    facts = {
        "risk": 0.4,
        "trend": -0.2,
        "ended": False,
        "on_hold": False,
        "intents": ["billing_dispute"],
    }
    return Signal(
        id=f"signal_{agent}_{seq}",
        kind="utterance",
        conversation_id=f"call-{agent}",
        channel="voice",
        event_time=from_ms(now_ms()),
        seq=seq,
        customer_id=f"c-{agent}",
        agent_id=f"a-{agent}",
        queue=f"q-{agent % 20}",
        fragment_id=f"f-{seq}",
        stage=Stage.FINAL,
        role=Role.CUSTOMER,
        text=TEXT,
        scores=scores,
        conversation=dict(facts),
    )


def nudge(agent: int, number: int) -> Nudge:
    """A nudge that says when it was sent."""
    why = Why(RuleRef("billing", "bench", "1"), "They asked.", (Evidence("f-1", 0, 5, TEXT[:5]),))
    return Nudge(
        id=f"nudge_{agent}_{number}_{now_ms()}",
        conversation_id=f"call-{agent}",
        agent_id=f"a-{agent}",
        title="Go through the bill",
        say="Let me go through the bill with you, line by line.",
        event_time=from_ms(now_ms()),
        expires_at=from_ms(now_ms() + 60_000),
        why=why,
    )


async def desktop(
    port: int, stream: str, token: str, late_ms: list[int], open_: asyncio.Event
) -> None:
    """One desktop: reads its stream, notes how late each nudge is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(
        f"GET /v1/{stream}/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    kind = b""
    try:
        while line := await reader.readline():
            if line.startswith(b"event: "):
                kind = line[7:].strip()
            elif line.startswith(b"data: "):
                if kind == b"hello":
                    open_.set()
                elif kind == b"nudge":
                    at = line.index(b'"id":"nudge_')
                    sent = line[at : line.index(b'"', at + 6)].rpartition(b"_")[2]
                    late_ms.append(now_ms() - int(sent))
    finally:
        writer.close()


class Desk:
    """A desk in a process of its own; what it used is read from /proc."""

    def __init__(self, servers: str) -> None:
        self._env = os.environ | {
            "CXSTREAM_BROKERS": servers,
            "CXSTREAM_EMBEDDED": "true",
            "CXSTREAM_SECRET_INGEST": SECRET,
            "CXSTREAM_SECRET_DESK": SECRET,
            "CXSTREAM_LOG_LEVEL": "INFO",
        }

    async def start(self) -> int:
        """Start it; the port."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cxstream", "desk", "--port", "0",
            env=self._env, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stderr is not None
        while b"desk on http" not in (line := await self._process.stderr.readline()):
            if not line:
                raise SystemExit("the desk did not start")
        self._drain = asyncio.create_task(self._process.stderr.read())
        return int(line.rsplit(b":", 1)[1])

    def used(self) -> tuple[float, float]:
        """CPU seconds so far, and resident MiB."""
        proc = Path(f"/proc/{self._process.pid}")
        fields = proc.joinpath("stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        pages = int(proc.joinpath("statm").read_text().split()[1])
        return ticks / os.sysconf("SC_CLK_TCK"), pages * resource.getpagesize() / 2**20

    async def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        await self._process.wait()


async def measure(desktops: int, stream: str, every_s: float, seconds: float) -> dict[str, object]:
    """The figures of one run."""
    tokens = Tokens(lambda: (SECRET,))
    with EmbeddedBroker() as broker:
        desk = Desk(broker.bootstrap_servers)
        port = await desk.start()
        idle_cpu, idle_mib = desk.used()
        late_ms: list[int] = []
        opened = [asyncio.Event() for _ in range(desktops)]
        began = time.monotonic()
        readers = []
        for number in range(desktops):
            token, _ = tokens.issue(Viewer(f"a-{number}", "agent"))
            readers.append(
                asyncio.create_task(desktop(port, stream, token, late_ms, opened[number]))
            )
            if number % 50 == 49:  # as a shift begins: quickly, but not in one instant
                await asyncio.gather(*(event.wait() for event in opened[: number + 1]))
        await asyncio.gather(*(event.wait() for event in opened))
        opening_s = time.monotonic() - began
        producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "linger.ms": 1})
        cpu_before, mib_before = desk.used()
        began, sent, nudges = time.monotonic(), 0, 0
        while (elapsed := time.monotonic() - began) < seconds:
            due = int(elapsed * desktops / every_s)
            while sent < due:
                agent, seq = sent % desktops, 1 + sent // desktops
                record: msgspec.Struct = signal(agent, seq)
                producer.produce("cx.signals", msgspec.json.encode(record), f"c-{agent}")
                if sent % NUDGE_EVERY == 0:
                    card = nudge(agent, seq)
                    producer.produce("cx.nudges", msgspec.json.encode(card), card.agent_id)
                    nudges += 1
                sent += 1
            producer.poll(0)
            await asyncio.sleep(0.005)
        spent_s = time.monotonic() - began
        producer.flush(10)
        deadline = time.monotonic() + 10
        while len(late_ms) < nudges and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        cpu_after, mib_after = desk.used()
        for task in readers:
            task.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        await desk.stop()
    late_ms.sort()

    def percentile(share: float) -> int | None:
        return late_ms[min(len(late_ms) - 1, int(share * len(late_ms)))] if late_ms else None

    return {
        "stream": stream,
        "desktops": desktops,
        "opening_s": round(opening_s, 1),
        "signals_a_second": round(sent / spent_s),
        "nudges_sent": nudges,
        "nudges_read": len(late_ms),
        "late_ms": {name: percentile(share) for name, share in SHARES.items()},
        "cpu_share": round((cpu_after - cpu_before) / spent_s, 2),
        "opening_cpu_s": round(cpu_before - idle_cpu, 1),
        "mib": {
            "alone": round(idle_mib),
            "connected": round(mib_before),
            "after": round(mib_after),
        },
        "load": os.getloadavg()[0],
    }


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--desktops", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between utterances")
    parser.add_argument("--stream", choices=("nudges", "desk"), default="desk")
    given = parser.parse_args()
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if given.desktops + 100 > most:
        parser.error(f"this shell allows {most} open files: ulimit -n {given.desktops + 200}")
    found = asyncio.run(measure(given.desktops, given.stream, given.every, given.seconds))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
