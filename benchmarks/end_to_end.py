"""cxstream and the naive app on the same Apache Kafka, the same conversations, the same machine, as JSON.

    .venv/bin/python benchmarks/end_to_end.py [--seconds 20] [--levels 50 90] [--burst 3000]

Starts a broker (deploy/kafka), then one app after the other. What an app sustains is how fast it works off a
burst. cxstream is then sent so many percent of that, in an open loop from another process; latency counts from
the moment a fragment was due until its decisions are with the broker and its state is safe. Broker, app and
sender share the machine, and how much of it the broker took is told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from conversations import source

HERE = Path(__file__).resolve().parent
READY_S = 120.0
STOP_S = 60.0
PARTITIONS = 4
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def running(*command: str, until: str | None = None) -> Iterator[subprocess.Popen[str]]:
    """A program of ours, until its output says `until`; told to stop, and waited for, at the end."""
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    try:
        while until is not None and process.stdout is not None:
            line = process.stdout.readline()
            if until in line:
                break
            if not line:
                raise RuntimeError(f"{command[0]} ended before it was ready")
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def kafka() -> Iterator[tuple[str, int]]:
    """A broker of its own: its address, and its process."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(str(HERE.parent / "deploy/kafka/kafka.py"), "start", "--data", folder) as process,
    ):
        assert process.stdout is not None
        servers = process.stdout.readline().strip()
        yield servers, int(next(Path(folder).glob("broker-*/pid")).read_text())


async def create(servers: str, *topics: str) -> None:
    """Topics for an app that expects them to be there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])
    await admin.close()


def load(servers: str, topic: str, count: int, *, rate: float | None = None, seed: int) -> float:
    """Send; when the first was due."""
    command = [sys.executable, str(HERE / "load.py"), servers, topic, "--count", str(count)]
    command += ["--seed", str(seed), *(["--rate", str(rate)] if rate else [])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=HERE)
    return float(done.stdout)


async def last_of(servers: str, topic: str, count: int, within_s: float) -> tuple[int, float]:
    """How many records came on a topic, up to so many, and when the last did."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    await consumer.start()
    seen, at, until = 0, time.time(), time.time() + within_s
    while seen < count and time.time() < until:
        for messages in (await consumer.getmany(timeout_ms=200)).values():
            seen, at = seen + len(messages), time.time()
    await consumer.stop()
    return seen, at


def naive(servers: str, burst: int) -> float:
    """Events a second that the naive app works off."""
    asyncio.run(create(servers, "naive.transcripts", "naive.scored"))
    app = [str(HERE / "naive.py"), servers, "naive.", "worker", "-l", "error", "--without-web"]
    with running(*app):
        load(servers, "naive.transcripts", 2, seed=1)  # that it is there and warm
        asyncio.run(last_of(servers, "naive.scored", 2, READY_S))
        first = load(servers, "naive.transcripts", burst, seed=2)
        seen, at = asyncio.run(last_of(servers, "naive.scored", burst + 2, 120.0))
    return (seen - 2) / (at - first)


class Ours:
    """A cxstream worker under load; what it kept can be asked for when it has ended."""

    def __init__(self, servers: str, out: Path) -> None:
        self._servers = servers
        self._out = out
        self._sent = 0

    def send(self, count: int, rate: float | None = None) -> float:
        """Send so many and wait until all are signals; when the first was due."""
        first = load(self._servers, "ours.transcripts", count, rate=rate, seed=100 + self._sent)
        self._sent += count
        seen, _ = asyncio.run(last_of(self._servers, "ours.signals", self._sent, 240.0))
        if seen < self._sent:
            raise RuntimeError(f"of {self._sent} fragments {self._sent - seen} did not come out")
        return first

    def handled(self, since: float, before: float) -> list[tuple[float, float]]:
        """When fragments were due, and their latencies, in seconds."""
        lines = [json.loads(line) for line in self._out.read_text().splitlines()[:-1]]
        return sorted((due, late) for due, late in lines if since <= due < before)

    def last(self) -> dict[str, Any]:
        """Lags of the loop, the processor's seconds, the cache's hits."""
        found: dict[str, Any] = json.loads(self._out.read_text().splitlines()[-1])
        return found


def measure(seconds: float, levels: Sequence[int], burst: int, naive_burst: int) -> dict[str, Any]:
    """The whole comparison."""
    with kafka() as (servers, broker), tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "handled.jsonl"
        before = naive(servers, naive_burst)
        ours = Ours(servers, out)
        begun: list[tuple[int, float]] = []
        with running(str(HERE / "ours.py"), servers, "ours.", str(out), until="ready"):
            ours.send(50)
            used, clock = _cpu_s(broker), time.time()
            first = ours.send(burst)
            took = time.time() - first
            share = (_cpu_s(broker) - used) / (time.time() - clock)
            # found again from what the worker kept; this one is to choose the levels by
            rate = burst / took
            for level in levels:
                at_rate = rate * level / 100
                begun.append((level, ours.send(max(50, int(at_rate * seconds)), at_rate)))
        ends = [start for _, start in begun[1:]] + [time.time()]
        worked = ours.handled(first, begun[0][1])
        sustained = len(worked) / (max(due + late for due, late in worked) - first)
        latency = {
            str(level): _percentiles([late for _, late in ours.handled(start, end)])
            for (level, start), end in zip(begun, ends, strict=True)
        }
        last = ours.last()
    return {
        "ratios": {"end_to_end_vs_naive": round(sustained / before, 1)},
        "sustained_a_second": {"cxstream": round(sustained, 1), "naive": round(before, 1)},
        "latency_ms": {f"p99_at_{level}": found["p99"] for level, found in latency.items()},
        "latency_by_load_ms": latency,
        "rate_at_100_percent": round(rate, 1),
        "loop_lag_ms": _percentiles(last["lags"]),
        "cache_hit_share": round(last["cache"][0] / max(1, last["cache"][1]), 3),
        "broker_cores": round(share, 2),
        "seconds_a_level": seconds,
        "text": source(),
    }


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    return {
        name: round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
        for name, share in shares.items()
    }


def _cpu_s(pid: int) -> float:
    """Seconds of the processors that a process has used, from Linux's /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="at each level")
    parser.add_argument("--levels", type=int, nargs="+", default=[50, 90], help="percent")
    parser.add_argument("--burst", type=int, default=3000)
    parser.add_argument("--naive-burst", type=int, default=150)
    given = parser.parse_args()
    found = measure(given.seconds, given.levels, given.burst, given.naive_burst)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
