"""A worker's memory under a trickle of conversations, for as long as it is told, as JSON.

    .venv/bin/python benchmarks/soak.py [--minutes 60] [--rate 20] [--fill 60000] [--samples soak.tsv]

The worker is `cxstream worker` with its own models and its state on disk, on a Kafka of its own. First so
many fragments fill its caches, at `FILL_RATE` a second: what is remembered of texts and words is bounded, but
under a trickle it takes hours to fill, and looks like a leak meanwhile. Then its resident memory is read from
Linux's /proc every ten seconds and written down at once, so that a run that is cut short still tells
something. The slope is fitted behind the first fifth; its interval is of a bootstrap over blocks of a minute,
since neighbouring samples are alike.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from end_to_end import HERE, kafka
from numpy.typing import NDArray
from real_worker import Worker

EVERY_S = 10.0
WARM_SHARE = 0.2
FILL_RATE = 150.0
"""What a slow machine keeps up with too: beyond it the light model answers, and fills no cache."""
BLOCK = 6
"""Samples of a minute: what is resampled together."""
ROUNDS = 2000
MIB = 1024 * 1024


class Sample(NamedTuple):
    """Resident memory at a moment; `files` is the part that is mapped from files and may be dropped."""

    minute: float
    resident_mib: float
    files_mib: float


class Slope(NamedTuple):
    """Growth in MiB an hour, and the interval that holds it 95 times of 100."""

    mib_an_hour: float
    low: float
    high: float


def look(pid: int | str, began: float) -> Sample:
    """A process's memory now."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )

    def mib(name: str) -> float:
        return int(fields[name].split()[0]) / 1024

    return Sample((time.monotonic() - began) / 60, mib("VmRSS"), mib("RssFile"))


def slope(samples: Sequence[Sample], seed: int = 7) -> Slope:
    """What the memory grows by in an hour, without the samples of the beginning."""
    kept = samples[int(WARM_SHARE * len(samples)) :]
    minutes = np.array([s.minute for s in kept])
    memory = np.array([s.resident_mib for s in kept])
    found = _fit(minutes, memory)
    left = memory - np.polyval(np.polyfit(minutes, memory, 1), minutes)
    chance, whole = np.random.default_rng(seed), len(kept) // BLOCK * BLOCK
    blocks = left[:whole].reshape(-1, BLOCK)
    drawn = [
        _fit(minutes[:whole], chance.choice(blocks, len(blocks)).ravel()) for _ in range(ROUNDS)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Slope(*(round(float(v), 1) for v in (found, found + low, found + high)))


def _fit(minutes: NDArray[np.float64], memory: NDArray[np.float64]) -> float:
    return float(60 * np.polyfit(minutes, memory, 1)[0])


def measure(minutes: float, rate: float, fill: int, out: Path | None, state: str) -> dict[str, Any]:
    """Start everything, send, watch."""
    samples: list[Sample] = []
    with kafka() as (servers, _), tempfile.TemporaryDirectory() as folder:
        env = {
            "CXSTREAM_BROKERS": servers,
            "CXSTREAM_DATA_DIR": folder,
            "CXSTREAM_PARTITIONS": "4",
            "CXSTREAM_STORE": state,
        }
        os.environ.update(env)
        count = int(minutes * 60 * rate)
        with ExitStack() as stack:
            process = Worker(stack).process
            began = time.monotonic()
            first = look(process.pid, began)
            load = [sys.executable, str(HERE / "load.py"), servers, "cx.transcripts"]
            filling = ["--count", str(fill), "--rate", str(FILL_RATE)]
            subprocess.run([*load, *filling], check=True, stdout=subprocess.DEVNULL, cwd=HERE)
            filled = look(process.pid, began)
            load += ["--count", str(count), "--rate", str(rate), "--skip", str(fill)]
            with subprocess.Popen(load, stdout=subprocess.DEVNULL, cwd=HERE) as sending:
                while sending.poll() is None and process.poll() is None:
                    samples.append(look(process.pid, began))
                    if out is not None:
                        with out.open("a") as lines:
                            lines.write("\t".join(f"{v:.2f}" for v in samples[-1]) + "\n")
                    time.sleep(EVERY_S)
            if process.poll() is not None:
                raise RuntimeError(f"the worker ended with {process.returncode}")
    highest = max(sample.resident_mib for sample in samples)
    return {
        "minutes": round(samples[-1].minute - samples[0].minute, 1),
        "events": count,
        "filled_by": fill,
        "resident_mib": {
            "first": round(first.resident_mib),
            "filled": round(filled.resident_mib),
            "highest": round(highest),
            "last": round(samples[-1].resident_mib),
            "of_it_files": round(samples[-1].files_mib),
        },
        "slope_mib_an_hour": slope(samples)._asdict() if len(samples) >= 4 * BLOCK else None,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=20.0, help="fragments a second")
    parser.add_argument("--fill", type=int, default=60_000, help="fragments before the watch")
    parser.add_argument("--samples", type=Path, help="a file that each sample is added to")
    parser.add_argument("--store", choices=("rocksdb", "memory"), default="rocksdb")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop what was started, then end
    found = measure(given.minutes, given.rate, given.fill, given.samples, given.store)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
