"""The simulation of `skew` beside real workers: who did how much, what waited when one went, as JSON.

    .venv/bin/python benchmarks/skew_check.py [--workers 2] [--rate 40] [--seconds 30]

Workers with the word list in the model's place, on a Kafka of its own. A steady load; then one worker is told
to stop, and later started again. What waits is what lies on the transcripts' topic and is not committed.
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
from contextlib import ExitStack
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition
from conversations import fragments
from end_to_end import HERE, kafka
from real_worker import Worker
from skew import lag, partition_of, worker_loads

PARTITIONS = 12
SESSION_S = 10.0
SEED = 5
COME_BACK_S = 25.0
EVERY_S = 0.25


async def waiting(servers: str, until: asyncio.Event) -> list[tuple[float, int]]:
    """When, and how many records were not committed."""
    places = [TopicPartition("cx.transcripts", p) for p in range(PARTITIONS)]
    watcher = AIOKafkaConsumer(
        bootstrap_servers=servers, group_id="cxstream", enable_auto_commit=False
    )
    await watcher.start()
    seen: list[tuple[float, int]] = []
    while not until.is_set():
        ends = await watcher.end_offsets(places)
        behind = [ends[place] - (await watcher.committed(place) or 0) for place in places]
        seen.append((time.monotonic(), sum(behind)))
        await asyncio.sleep(EVERY_S)
    await watcher.stop()
    return seen


def load_of(servers: str, seed: int, rate: float, count: int) -> list[str]:
    """The command that sends so many fragments, so many a second."""
    command = [sys.executable, str(HERE / "load.py"), servers, "cx.transcripts"]
    return [*command, "--seed", str(seed), "--rate", str(rate), "--count", str(count)]


async def leave_and_return(
    servers: str, stack: ExitStack, workers: list[Worker], rate: float, seconds: float
) -> dict[str, Any]:
    """Under a steady load: one goes at a third of the time, and comes back a while later."""
    stop = asyncio.Event()
    watching = asyncio.ensure_future(waiting(servers, stop))
    load = load_of(servers, SEED + 1, rate, int(rate * seconds * 3))
    quiet = asyncio.subprocess.DEVNULL
    sending = await asyncio.create_subprocess_exec(*load, stdout=quiet, cwd=HERE)
    await asyncio.sleep(seconds)
    went = time.monotonic()
    workers[-1].process.send_signal(signal.SIGTERM)
    await asyncio.sleep(COME_BACK_S)
    came = time.monotonic()
    await asyncio.to_thread(Worker, stack)
    await sending.wait()
    await asyncio.sleep(5.0)
    stop.set()
    seen = await watching
    calm = sorted(records for at, records in seen if at < went)[-1]
    gone = [(at - went, records) for at, records in seen if went <= at < came]
    peak = max(records for _, records in gone)
    over = [at for at, records in gone if at > 1.0 and records > max(calm, rate)]
    returned = [(at - came, records) for at, records in seen if at >= came]
    late = [at for at, records in returned if records > max(calm, rate)]
    return {
        "records_waiting_at_most": {
            "before": calm,
            "after_one_went": peak,
            "after_it_came_back": max(records for _, records in returned),
        },
        "seconds_until_calm": {
            "after_one_went": round(max(over, default=0.0), 1),
            "after_it_came_back": round(max(late, default=0.0), 1),
        },
    }


def measure(count: int, rate: float, seconds: float) -> dict[str, Any]:
    """Real workers, and the simulation of the same."""
    with kafka() as (servers, _), tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        os.environ |= {
            "CXSTREAM_BROKERS": servers,
            "CXSTREAM_DATA_DIR": folder,
            "CXSTREAM_PARTITIONS": str(PARTITIONS),
            "CXSTREAM_SESSION_TIMEOUT_S": str(SESSION_S),
            "CXSTREAM_ENCODER": folder,  # there is none there: the word list answers
        }
        workers = [Worker(stack) for _ in range(count)]
        time.sleep(10.0)  # until the last rebalance is over
        before = [worker.done() for worker in workers]
        sent = int(rate * seconds)
        load = load_of(servers, SEED, rate, sent)
        subprocess.run(load, check=True, stdout=subprocess.DEVNULL, cwd=HERE)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            done = [w.done() - b for w, b in zip(workers, before, strict=True)]
            if sum(done) >= sent:
                break
            time.sleep(0.2)
        moved = asyncio.run(leave_and_return(servers, stack, workers, rate, seconds))
    keys = [f.conversation_id.encode() for f in fragments(sent, SEED)]
    loads = np.bincount([partition_of(key, PARTITIONS) for key in keys], minlength=PARTITIONS)
    dealt = worker_loads(loads.astype(np.float64), count) / sent
    share = max(dealt)
    gone = lag(rate * share, 10_000.0, SESSION_S + 3.0)
    return {
        "workers": count,
        "rate": rate,
        "shares": {
            "measured": sorted(round(d / sum(done), 3) for d in done),
            "simulated": sorted(round(float(d), 3) for d in dealt),
        },
        "moved": {**moved, "simulated_after_one_went": gone._asdict()},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rate", type=float, default=40.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop what was started, then end
    found = measure(given.workers, given.rate, given.seconds)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
