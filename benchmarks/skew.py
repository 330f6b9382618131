"""How unevenly workers are loaded, and how long lag lasts when they come and go: a simulation.

    .venv/bin/python benchmarks/skew.py [--partitions 12] [--workers 3] [--conversations 1000]

*Skew*: conversations with names as telephony gives them are dealt to partitions by the hash that Kafka's
clients use, and partitions to workers in turn, as Faust's assignor does. Some people talk much (log-normal),
and a share of everything may lie under one key. What counts is the busiest worker: it is the first to be late.

*Lag*: a worker that is gone for a while finds its records waiting, and works them off with what capacity is
left; while it is gone for good the others carry its share too. Arrivals are a Poisson process, in steps of a
tenth of a second. `skew_check.py` holds both against real workers.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Final, NamedTuple

import numpy as np
from aiokafka.partitioner import murmur2
from numpy.typing import NDArray

ROUNDS: Final = 60
TALKATIVE: Final = 0.8
"""Sigma of how much a conversation says, as log-normal: a tenth say 2.8 times the median."""
STEP_S: Final = 0.1
CALM_S: Final = 0.5
"""Lag is over once what waits is this much of a second's arrivals."""
LONGEST_S: Final = 3600.0

Loads = NDArray[np.float64]


class Skew(NamedTuple):
    """The busiest worker's load, times the mean: the median of many drawings, and what 19 of 20 stay below."""

    median: float
    high: float


class Lag(NamedTuple):
    """Records that wait at the worst moment, and seconds until they do not, from when the worker went."""

    records: int
    seconds: float


def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's Java client, aiokafka, and librdkafka's murmur2_random put a key."""
    place: int = (murmur2(key) & 0x7FFFFFFF) % partitions
    return place


def worker_loads(by_partition: Loads, workers: int) -> Loads:
    """Partitions dealt to workers in turn, as they are when all of them start together."""
    return np.array([by_partition[worker::workers].sum() for worker in range(workers)])


def drawn(chance: np.random.Generator, keys: int, partitions: int, heavy: float) -> Loads:
    """The load of each partition, as a share of all; `heavy` of it lies under one key."""
    names = chance.integers(0, 2**63, keys)
    places = [partition_of(b"acme:%x" % name, partitions) for name in names]
    talk = chance.lognormal(0.0, TALKATIVE, keys)
    loads = np.bincount(places, weights=talk / talk.sum() * (1 - heavy), minlength=partitions)
    loads[chance.integers(partitions)] += heavy
    return loads.astype(np.float64)


def skew(
    keys: int,
    partitions: int,
    workers: int,
    *,
    heavy: float = 0.0,
    rounds: int = ROUNDS,
    seed: int = 7,
) -> Skew:
    """How much more than its share the busiest of the workers carries."""
    chance = np.random.default_rng(seed)
    found = [
        workers * worker_loads(drawn(chance, keys, partitions, heavy), workers).max()
        for _ in range(rounds)
    ]
    return Skew(*(round(float(v), 3) for v in np.quantile(found, (0.5, 0.95))))


def lag(
    rate: float, capacity: float, away_s: float, *, rate_after: float | None = None, seed: int = 7
) -> Lag:
    """What waits on partitions that get `rate` records a second and that nobody reads for `away_s`.

    Then a worker that does `capacity` a second reads them, and has `rate_after` to do, its own included.
    """
    chance, waiting, worst = np.random.default_rng(seed), 0.0, 0.0
    now_s = 0.0
    while now_s < LONGEST_S:
        now_s += STEP_S
        gone = now_s <= away_s
        coming = rate if gone else rate_after if rate_after is not None else rate
        waiting += chance.poisson(coming * STEP_S)
        if not gone:
            waiting = max(0.0, waiting - capacity * STEP_S)
        worst = max(worst, waiting)
        if not gone and waiting <= CALM_S * rate * STEP_S:
            break
    return Lag(round(worst), round(now_s, 1))


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--conversations", type=int, default=1000)
    given = parser.parse_args()
    heavy = {
        f"{share:.0%}": skew(given.conversations, given.partitions, given.workers, heavy=share)
        for share in (0.0, 0.01, 0.05)
    }
    shown = {"busiest_by_share_of_one_key": {k: v._asdict() for k, v in heavy.items()}}
    sys.stdout.write(json.dumps(shown, indent=1) + "\n")


if __name__ == "__main__":
    main()
