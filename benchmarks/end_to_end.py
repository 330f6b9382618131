"""cxstream and the naive app on the same Apache Kafka, the same conversations, the same machine, as JSON.

    .venv/bin/python benchmarks/end_to_end.py [--seconds 20] [--levels 10 25 50 75 90 110] [--burst 6000]

Starts a broker (deploy/kafka), then one app after the other. What an app sustains is how fast it works off a
burst, when it and the broker are warm from others: a broker compiles itself while it runs, and takes up to half
a processor for that in the first half minute of each kind of load. cxstream is then sent so many percent of
that, in an open loop from another process; latency counts from the moment a fragment was due until its
decisions are with the broker and its state is safe. Broker, app and sender share the machine, and how much of
it the broker took is told. Neighbours on the machine slow one app more than the other when they come and go;
processor time an event, told of both, minds them less. And a burst is told to cxstream of texts that it knows:
what it sustains then is all that a faster encoder could bring.
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
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import starmap
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from conversations import SEED, source

HERE = Path(__file__).resolve().parent
READY_S = 300.0
"""A busy machine takes minutes to load a model that a calm one loads in ten seconds."""
DONE_S = 300.0
STOP_S = 60.0
PARTITIONS = 4
WARM_SHARE = 0.5
"""What warms an app: so much of a burst, before it."""
WARM_TIMES = 5
"""How often cxstream is told that, so that the broker is warm too: the naive app asks little of it."""
KNOWN_TIMES = 2
"""How often it is told once more for what is sustained of texts that are known."""
WARM_S, WARM_LEVEL = 40.0, 50
"""How long, and at which percentage, the same is told again before what comes at a pace is measured."""
LEVELS = (10, 25, 50, 75, 90, 110)
ONCE = range(1)
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def running(*command: str, until: str | None = None) -> Iterator[subprocess.Popen[str]]:
    """A program of ours, from when its output says `until`; told to stop, and waited for, at the end.

    Raises `RuntimeError` when it ends, or `READY_S` pass, before it says so.
    """
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    late = threading.Timer(READY_S, process.kill)
    try:
        late.start()
        while until is not None and process.stdout is not None:
            line = process.stdout.readline()
            if until in line:
                break
            if not line:
                name = Path(command[0]).name
                raise RuntimeError(f"{name} ended, or took {READY_S:.0f} s, before it was ready")
        late.cancel()
        yield process
    finally:
        late.cancel()
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


def load(
    servers: str,
    topic: str,
    count: int,
    *,
    rate: float | None = None,
    seed: int = SEED,
    skip: int = 0,
    tell: range = ONCE,
) -> float:
    """Send; when the first was due."""
    command = [sys.executable, str(HERE / "load.py"), servers, topic, "--count", str(count)]
    command += ["--seed", str(seed), "--skip", str(skip)]
    command += ["--tell", str(tell.start), str(tell.stop), *(["--rate", str(rate)] if rate else [])]
    limit_s = DONE_S + (count * len(tell) / rate if rate else 0.0)
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, cwd=HERE, timeout=limit_s
    )
    return float(done.stdout)


async def last_of(servers: str, topic: str, count: int, within_s: float) -> tuple[int, float]:
    """How many records there are on a topic, waiting for so many, and when the last came."""
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


class Worked(NamedTuple):
    """How an app works off a burst."""

    events_a_second: float
    cpu_ms: float


def naive(servers: str, burst: int) -> Worked:
    """What the naive app sustains."""
    asyncio.run(create(servers, "naive.transcripts", "naive.scored"))
    app = [str(HERE / "naive.py"), servers, "naive.", "worker", "-l", "error", "--without-web"]
    with running(*app) as process:
        warm = int(WARM_SHARE * burst)
        load(servers, "naive.transcripts", warm)
        if asyncio.run(last_of(servers, "naive.scored", warm, READY_S))[0] < warm:
            raise RuntimeError(f"the naive app did not score {warm} events within {READY_S:.0f} s")
        used = _cpu_s(process.pid)
        first = load(servers, "naive.transcripts", burst, skip=warm)
        seen, at = asyncio.run(last_of(servers, "naive.scored", warm + burst, DONE_S))
        if seen == warm:
            raise RuntimeError(f"the naive app scored none of its burst within {DONE_S:.0f} s")
        used = _cpu_s(process.pid) - used
    return Worked((seen - warm) / (at - first), 1000 * used / (seen - warm))


class Handled(NamedTuple):
    """When a fragment was due, how late it was done, in seconds; the cache's hits until then, of how many."""

    due: float
    late: float
    hits: int
    asked: int


class Ours:
    """A cxstream worker under load, and what it wrote down."""

    def __init__(self, servers: str, out: Path) -> None:
        self._servers = servers
        self._out = out
        self._sent = self._said = 0
        self._seen, self._to = 0, 0

    def send(self, count: int, rate: float | None = None) -> float:
        """Send what follows and wait until all is decided about and safe; when the first was due."""
        skip, self._said = self._said, self._said + count
        return self._tell(count, rate, skip, ONCE)

    def again(self, count: int, tell: range, rate: float | None = None) -> float:
        """As `send`, the first `count` of all, told for so manieth times."""
        self._said = max(self._said, count)
        return self._tell(count, rate, 0, tell)

    def _tell(self, count: int, rate: float | None, skip: int, tell: range) -> float:
        first = load(self._servers, "ours.transcripts", count, rate=rate, skip=skip, tell=tell)
        self._sent += count * len(tell)
        until = time.time() + DONE_S
        while (seen := self._counted()) < self._sent:
            if time.time() > until:
                raise RuntimeError(
                    f"of {self._sent} fragments {self._sent - seen} were not handled"
                )
            time.sleep(0.2)
        return first

    def handled(self, since: float, until: float = inf) -> list[Handled]:
        """The fragments that were due between, in the order in which they were handled."""
        found = [Handled(*json.loads(line)) for line in self._lines()]
        return [handled for handled in found if since <= handled.due < until]

    def lags(self, since: float, until: float) -> list[float]:
        """Lags of the loop between, in seconds, when the worker has ended."""
        found: list[tuple[float, float]] = json.loads(self._lines()[-1])["lags"]
        return [lag for seen, lag in found if since <= seen < until]

    def _lines(self) -> list[str]:
        return self._out.read_text().splitlines()

    def _counted(self) -> int:
        """How many lines there are, by reading the new ones alone: who waits takes nothing from who works."""
        with self._out.open("rb") as lines:
            lines.seek(self._to)
            more = lines.read()
        self._seen, self._to = self._seen + more.count(b"\n"), self._to + len(more)
        return self._seen


def _worked(handled: Sequence[Handled], first: float, count: int, used_s: float) -> Worked:
    """How a burst was worked off, whose first was due then, and which took so much of the processors."""
    last = max(each.due + each.late for each in handled)
    return Worked(count / (last - first), 1000 * used_s / count)


def measure(seconds: float, levels: Sequence[int], burst: int, naive_burst: int) -> dict[str, Any]:
    """The whole comparison."""
    with kafka() as (servers, broker), tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "handled.jsonl"
        before = naive(servers, naive_burst)
        ours = Ours(servers, out)
        latency: dict[str, dict[str, float]] = {}
        worker = (str(HERE / "ours.py"), servers, "ours.", str(out))
        with running(*worker, until="ready") as process:
            warm = int(WARM_SHARE * burst)
            ours.again(warm, range(WARM_TIMES))
            used, used_by_broker, clock = _cpu_s(process.pid), _cpu_s(broker), time.time()
            first = ours.send(burst)
            used_by_broker, used = _cpu_s(broker) - used_by_broker, _cpu_s(process.pid) - used
            share = used_by_broker / (time.time() - clock)
            handled, spans = ours.handled(first), [(first, time.time())]
            new = _worked(handled, first, burst, used)
            used, told = _cpu_s(process.pid), WARM_TIMES + KNOWN_TIMES
            again = ours.again(warm, range(WARM_TIMES, told))
            used = _cpu_s(process.pid) - used
            known = _worked(ours.handled(again), again, KNOWN_TIMES * warm, used)
            rate = new.events_a_second
            at_rate = rate * WARM_LEVEL / 100
            more = told + max(1, round(at_rate * WARM_S / warm))
            ours.again(warm, range(told, more), at_rate)
            for level in levels:
                at_rate = rate * level / 100
                start = ours.send(max(50, int(at_rate * seconds)), at_rate)
                latency[str(level)] = _percentiles([each.late for each in ours.handled(start)])
                spans.append((start, time.time()))
            remembered = _remembered(handled), _remembered(*starmap(ours.handled, spans))
        lags = [lag for span in spans for lag in ours.lags(*span)]
    return {
        "ratios": {
            "end_to_end_vs_naive": round(rate / before.events_a_second, 1),
            "processor_time_naive_vs_ours": round(before.cpu_ms / new.cpu_ms, 1),
        },
        "sustained_a_second": {
            "cxstream": round(rate, 1),
            "naive": round(before.events_a_second, 2),
            "cxstream_texts_known": round(known.events_a_second, 1),
        },
        "cpu_ms_an_event": {
            "cxstream": round(new.cpu_ms, 2),
            "naive": round(before.cpu_ms, 1),
            "cxstream_texts_known": round(known.cpu_ms, 2),
        },
        "latency_ms": {f"p99_at_{level}": found["p99"] for level, found in latency.items()},
        "latency_by_load_ms": latency,
        "loop_lag_ms": _percentiles(lags),
        "cache_hit_share": {"burst": remembered[0], "all": remembered[1]},
        "broker_cores": round(share, 2),
        "seconds_a_level": seconds,
        "text": source(),
    }


def _remembered(*spans: Sequence[Handled]) -> float:
    """The share of texts that the cache knew, meanwhile, of those that came to it."""
    hits = sum(span[-1].hits - span[0].hits for span in spans)
    asked = sum(span[-1].asked - span[0].asked for span in spans)
    return round(hits / max(1, asked), 3)


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
    parser.add_argument("--levels", type=int, nargs="+", default=LEVELS, help="percent")
    parser.add_argument("--burst", type=int, default=6000)
    parser.add_argument("--naive-burst", type=int, default=150)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop what was started, then end
    found = measure(given.seconds, given.levels, given.burst, given.naive_burst)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
