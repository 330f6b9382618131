"""Two workers beside one, each given the same part of a processor, as JSON.

    .venv/bin/python benchmarks/workers.py [--cores 0.5] [--burst 4000]

On a machine with few cores two workers share what one had, which says nothing of how the work divides. So
each worker gets a part of a core by a quota of Linux (a control group of its own), small enough that two of
them, the broker and the sender have room; and one, two, and one again work off bursts on a Kafka of their
own. Needs a control group that may be written to (as root, outside of most containers).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from end_to_end import kafka, load
from real_worker import Worker

PARTITIONS = 12
SETTLE_S = 10.0
DONE_S = 300.0
PERIOD_US = 20_000
"""How often a quota is dealt out: often, so that a worker pauses for milliseconds and not for tenths."""

OLD = Path("/sys/fs/cgroup/cpu")
NEW = Path("/sys/fs/cgroup")


class NoQuota(Exception):
    """Linux lets no control group be made here; says why."""


@contextmanager
def quota(name: str, cores: float) -> Iterator[Path]:
    """The list of processes of a control group that gets so many cores. Raises `NoQuota`."""
    part = f"{int(cores * PERIOD_US)}"
    if OLD.is_dir():
        group = OLD / name
        limits = {"cpu.cfs_period_us": f"{PERIOD_US}", "cpu.cfs_quota_us": part}
    else:
        group, limits = NEW / name, {"cpu.max": f"{part} {PERIOD_US}"}
    try:
        group.mkdir()
        for limit, value in limits.items():
            (group / limit).write_text(value)
    except OSError as problem:
        with suppress(OSError):
            group.rmdir()
        raise NoQuota(f"a control group cannot be made here: {problem}") from None
    try:
        yield group / "cgroup.procs"
    finally:
        group.rmdir()


def measure(cores: float, burst: int) -> dict[str, Any]:
    """One, then two, then one again: the broker gets warmer meanwhile."""
    with kafka() as (servers, _), tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        os.environ |= {
            "CXSTREAM_BROKERS": servers,
            "CXSTREAM_DATA_DIR": folder,
            "CXSTREAM_PARTITIONS": str(PARTITIONS),
            "CXSTREAM_OVERLOAD_S": "3600",  # a burst is meant to wait
            "CXSTREAM_SCORE_DEADLINE_S": "30",
            "CXSTREAM_CACHE_TEXTS": "0",
        }
        groups = [stack.enter_context(quota(f"cxstream-{n}", cores)) for n in (1, 2)]
        bursts = Bursts(servers, burst)
        first = _worker(stack, groups[0])
        before, _ = bursts.work_off([first])
        with ExitStack() as meanwhile:
            both, shares = bursts.work_off([first, _worker(meanwhile, groups[1])])
        after, _ = bursts.work_off([first])
    return {
        "ratios": {"two_workers_vs_one": round(2 * both / (before + after), 2)},
        "events_a_second": {"one": [round(before, 1), round(after, 1)], "two": round(both, 1)},
        "shares": shares,
        "cores_a_worker": cores,
    }


def _worker(stack: ExitStack, group: Path) -> Worker:
    """A worker that is ready, in its control group."""
    worker = Worker(stack)
    group.write_text(str(worker.process.pid))
    return worker


class Bursts:
    """Bursts of one seed, each behind the one before."""

    def __init__(self, servers: str, burst: int) -> None:
        self._servers = servers
        self._burst = burst
        self._sent = 0

    def work_off(self, workers: list[Worker]) -> tuple[float, list[float]]:
        """Events a second, and each worker's share, of the second of two bursts; the first warms."""
        time.sleep(SETTLE_S)  # until the last rebalance is over
        self._one(workers)
        return self._one(workers)

    def _one(self, workers: list[Worker]) -> tuple[float, list[float]]:
        before = [worker.done("customers") for worker in workers]
        first = load(self._servers, "cx.transcripts", self._burst, skip=self._sent)
        self._sent += self._burst
        until = time.time() + DONE_S
        while True:
            done = [w.done("customers") - b for w, b in zip(workers, before, strict=True)]
            if sum(done) >= self._burst:
                taken_s = time.time() - first
                return self._burst / taken_s, [round(d / self._burst, 3) for d in done]
            if time.time() > until:
                raise RuntimeError(f"of {self._burst} fragments {sum(done):.0f} were decided about")
            time.sleep(0.05)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cores", type=float, default=0.5, help="of a worker")
    parser.add_argument("--burst", type=int, default=4000)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop what was started, then end
    try:
        found = measure(given.cores, given.burst)
    except NoQuota as problem:
        found = {"not_measured": str(problem)}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
