"""What a customer's state costs as customers grow in number, on one worker and a Kafka of its own, as JSON.

    .venv/bin/python benchmarks/state_scale.py [--customers 1000 10000 100000 1000000] [--events 4000]

For each number: their states lie in the changelog, as a year of running would have left them. A worker with an
empty folder recovers, and RocksDB puts in order what that wrote; then it starts again on its warm folder, and
works off events of customers drawn at random, each with all that belongs to it (state loaded, decided, written
with its changelog, outputs). No model is in it. --one-by-one lets Faust's own recovery read up to that many
customers, for comparison.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from customers import Customers
from end_to_end import HERE, kafka
from state_worker import WARM, settings

from cxstream.bootstrap import prepare_topics

SIZES = (1_000, 10_000, 100_000, 1_000_000)
LIMIT_S = 900
ABREAST = 500
"""Records on their way at once."""
SEED = 11

Record = tuple[bytes, bytes]


async def send(brokers: str, topic: str, records: Iterator[Record]) -> int:
    """Send all of them; how many bytes they are."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, linger_ms=5, max_batch_size=512 * 1024)
    await producer.start()
    size, waiting = 0, list[Any]()
    for key, value in records:
        size += len(key) + len(value)
        waiting.append(await producer.send(topic, value, key=key))
        if len(waiting) >= ABREAST:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)
    await producer.stop()
    return size


async def fill(brokers: str, app: str, customers: int) -> int:
    """A changelog with so many customers; its bytes."""
    await prepare_topics(settings(brokers, app, Path()))
    made = Customers(int(time.time() * 1000))
    rows = ((made.key(n), made.state(n)) for n in range(customers))
    return await send(brokers, f"{app}-customers-changelog", rows)


async def say(brokers: str, app: str, customers: int, events: int) -> None:
    """Events of some of these customers."""
    made, chance = Customers(int(time.time() * 1000)), random.Random(SEED)
    drawn = [chance.randrange(customers) for _ in range(events)]
    said = ((made.key(n), made.signal(n, turn, 1)) for turn, n in enumerate(drawn))
    await send(brokers, f"{app}.signals", said)


def worker(brokers: str, app: str, folder: str, events: int, *flags: str) -> dict[str, Any]:
    """What a worker on a folder reports."""
    program = [sys.executable, str(HERE / "state_worker.py"), brokers, app, folder, str(events)]
    done = subprocess.run(
        [*program, *flags],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
        timeout=LIMIT_S,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def on_disk(folder: Path) -> int:
    """Bytes of all files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def measure_one(brokers: str, customers: int, events: int, one_by_one: bool) -> dict[str, Any]:
    """One number of customers."""
    app = f"state{customers}"
    size = asyncio.run(fill(brokers, app, customers))
    found: dict[str, Any] = {"state_bytes_a_customer": round(size / customers)}
    if one_by_one:
        with tempfile.TemporaryDirectory() as folder:
            found["recovery_one_by_one"] = worker(brokers, app, folder, 0, "--one-by-one")[
                "recovery"
            ]
    with tempfile.TemporaryDirectory() as folder:
        cold = worker(brokers, app, folder, 0)
        found["disk_bytes_a_customer"] = round(on_disk(Path(folder)) / customers)
        asyncio.run(say(brokers, app, customers, events + WARM))
        warm = worker(brokers, app, folder, events + WARM)
    most = {name: max(cold[name], warm[name]) for name in ("resident_mib", "anonymous_mib")}
    return {**found, **warm, **cold, **most, "recovery_warm": warm["recovery"]}


def measure(sizes: Sequence[int], events: int, one_by_one: int) -> dict[str, Any]:
    """All of them, one after the other."""
    found: dict[str, dict[str, Any]] = {}
    with kafka() as (brokers, _):
        for customers in sizes:
            sys.stderr.write(f"state of {customers:,} customers\n")
            found[str(customers)] = measure_one(brokers, customers, events, customers <= one_by_one)
            sys.stderr.write(f"{json.dumps(found[str(customers)])}\n")
    first, last = found[str(sizes[0])], found[str(sizes[-1])]
    grown_mib = last["anonymous_mib"] - first["anonymous_mib"]
    return {
        "ratios": {
            "state_event_flat": round(
                first["event_us"] / max(r["event_us"] for r in found.values()), 3
            )
        },
        "customers": found,
        "written_bytes_an_utterance": round(
            statistics.mean(Customers(int(time.time() * 1000)).written)
        ),
        "memory_bytes_a_customer": round(grown_mib * 1024 * 1024 / (sizes[-1] - sizes[0]))
        if len(sizes) > 1
        else None,
        "events": events,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=int, nargs="+", default=SIZES)
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--one-by-one", type=int, default=10_000)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop what was started, then end
    found = measure(given.customers, given.events, given.one_by_one)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
