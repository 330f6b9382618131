"""From what was measured to what is needed: cores, memory, partitions, brokers and money, by conversations.

    .venv/bin/python benchmarks/plan.py [--write]     # --write puts the tables into docs/scaling.md

Costs come from benchmarks/results/latest.json, habits of a contact centre and prices from the constants here:
put in your own and read the page again. How much more than its share the busiest worker carries says `skew`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from bench import HERE, LATEST
from skew import skew

PAGE = HERE.parent / "docs" / "scaling.md"
STEPS: Final = (1_000, 10_000, 100_000, 1_000_000)


class Habits(NamedTuple):
    """What is not measured but known, or decided, of a contact centre."""

    gap_s: float = 8.0
    """Seconds between two utterances of a conversation, both sides together."""
    busy: float = 0.5
    """How much of its core the busiest worker may use at the busiest hour."""
    customers: int = 500
    """Customers with something in the last 30 days, for each conversation at the busiest hour."""
    kept_days: float = 2.0
    """How long the topics with conversations keep their records."""
    day_hours: float = 10.0
    """Busiest hours that a day amounts to."""
    replicas: int = 3
    cell_workers: int = 32
    """Workers of one consumer group at most: beyond that another cell is begun."""
    broker_partitions: int = 4000
    """Replicas of partitions that one broker leads or follows."""
    broker_mb_s: float = 50.0
    """Megabytes a second that are written to one broker, replicas included."""


class Prices(NamedTuple):
    """Dollars, about what clouds ask at list price."""

    core_month: float = 30.0
    gib_month: float = 4.0
    disk_gib_month: float = 0.10


class Costs(NamedTuple):
    """What was measured."""

    utterance_ms: float
    broker_ms: float
    worker_mib: float
    disk_bytes: float
    written_bytes: float
    start_s: float
    """A start on a warm folder, until the first record is taken up."""
    row_us: float
    """What each row that is read from the changelog adds."""
    customers: int
    """How many the state was measured with."""
    at: str


class Need(NamedTuple):
    """What so many conversations at once need."""

    conversations: int
    utterances_a_second: float
    cells: int
    workers: int
    partitions: int
    busiest: float
    memory_gib: float
    state_gib: float
    recovery_s: float
    written_mb_s: float
    kept_gib: float
    brokers: int
    dollars_a_month: float


DEALT: Final = ((4, 2), (4, 3), (12, 3), (12, 5), (48, 12), (128, 32))
CONVERSATIONS: Final = 1000
TOPICS: Final = 17
"""Topics and changelogs, each with all partitions."""


def costs(report: dict[str, Any]) -> Costs:
    """What a report of `make bench` says. KeyError names the part that was never measured."""
    parts = report["parts"]
    ours, state, memory = parts["end_to_end"], parts["state"], parts["memory"]
    largest = max(state["customers"], key=int)
    measured = state["customers"][largest]
    rate = ours["sustained_a_second"]["cxstream"]
    return Costs(
        utterance_ms=ours["cpu_ms_an_event"]["cxstream"],
        broker_ms=1000 * ours["broker_cores"] / rate,
        worker_mib=memory["resident_mib"]["highest"],
        disk_bytes=measured["disk_bytes_a_customer"],
        written_bytes=state["written_bytes_an_utterance"],
        start_s=measured["recovery_warm"]["seconds"],
        row_us=1e6
        * (measured["recovery"]["cpu_s"] - measured["recovery_warm"]["cpu_s"])
        / int(largest),
        customers=int(largest),
        at=ours["about"]["at"][:10],
    )


def need(conversations: int, cost: Costs, habits: Habits, prices: Prices) -> Need:
    """What a step needs."""
    rate = conversations / habits.gap_s
    cores = rate * cost.utterance_ms / 1000 / habits.busy
    uneven = 1.0
    for _ in range(3):  # more workers are more uneven, and more uneven loads need more workers
        workers = max(2, math.ceil(cores * uneven))
        cells = math.ceil(workers / habits.cell_workers)
        in_cell = math.ceil(workers / cells)
        partitions = 4 * in_cell
        uneven = skew(min(5000, conversations // cells), partitions, in_cell, rounds=10).high
    workers = in_cell * cells
    customers = conversations * habits.customers
    written = rate * cost.written_bytes * habits.replicas
    a_day = rate * 3600 * habits.day_hours
    kept = a_day * habits.kept_days * cost.written_bytes * habits.replicas
    state = customers * cost.disk_bytes * 2  # a standby has it too
    brokers = max(
        habits.replicas,
        math.ceil(written / 1e6 / habits.broker_mb_s),
        math.ceil(cells * partitions * TOPICS * habits.replicas / habits.broker_partitions),
    )
    memory_gib = workers * cost.worker_mib / 1024
    broker_cores = max(brokers, rate * cost.broker_ms / 1000 * habits.replicas / habits.busy)
    changelog = customers * cost.disk_bytes * habits.replicas
    disk_gib = (state + kept + changelog) / 2**30
    dollars = (
        prices.core_month * (workers + broker_cores)
        + prices.gib_month * (memory_gib + 4 * brokers)
        + prices.disk_gib_month * disk_gib
    )
    return Need(
        conversations=conversations,
        utterances_a_second=rate,
        cells=cells,
        workers=workers,
        partitions=partitions,
        busiest=uneven,
        memory_gib=memory_gib,
        state_gib=state / workers / 2**30,
        recovery_s=cost.start_s + customers / workers * cost.row_us / 1e6,
        written_mb_s=written / 1e6,
        kept_gib=(kept + changelog) / 2**30,
        brokers=brokers,
        dollars_a_month=dollars,
    )


ROWS: Final[dict[str, Callable[[Need], str]]] = {
    "utterances a second": lambda n: f"{n.utterances_a_second:,.0f}",
    "workers, one core each": lambda n: f"{n.workers:,}",
    "cells of workers (prefix and group of their own)": lambda n: f"{n.cells:,}",
    "partitions of each topic, in a cell": lambda n: f"{n.partitions:,}",
    "busiest worker, times the mean": lambda n: f"{n.busiest:.2f}",
    "memory of all workers, GiB": lambda n: f"{n.memory_gib:,.0f}",
    "state on a worker's disk, with a standby, GiB": lambda n: f"{n.state_gib:,.1f}",
    "a worker with an empty folder recovers in, s": lambda n: f"{n.recovery_s:,.0f}",
    "written to brokers, replicas included, MB/s": lambda n: f"{n.written_mb_s:,.1f}",
    "kept by brokers, GiB": lambda n: f"{n.kept_gib:,.0f}",
    "brokers": lambda n: f"{n.brokers:,}",
    "dollars a month": lambda n: f"{n.dollars_a_month:,.0f}",
}


def page(report: dict[str, Any], text: str) -> str:
    """The page with its tables made anew."""
    cost, habits, prices = costs(report), Habits(), Prices()
    needs = [need(step, cost, habits, prices) for step in STEPS]
    lines = ["| conversations at once | " + " | ".join(f"{s:,}" for s in STEPS) + " |"]
    lines.append("|---" * (1 + len(STEPS)) + "|")
    lines += [
        f"| {name} | " + " | ".join(say(n) for n in needs) + " |" for name, say in ROWS.items()
    ]
    text = _between(text, "skew", _uneven())
    text = _between(text, "plan", "\n".join(lines))
    known = [
        ("processor time of a worker an utterance, ms", f"{cost.utterance_ms:.2f}"),
        ("processor time of the broker an utterance, ms", f"{cost.broker_ms:.2f}"),
        ("memory of a worker with its models, MiB", f"{cost.worker_mib:.0f}"),
        ("a customer on disk, bytes", f"{cost.disk_bytes:.0f}"),
        ("written to Kafka an utterance, before replicas, bytes", f"{cost.written_bytes:,.0f}"),
        ("start on a warm folder, s", f"{cost.start_s:.1f}"),
        ("a row recovered from the changelog, µs", f"{cost.row_us:.0f}"),
        ("customers that state was measured with", f"{cost.customers:,}"),
    ]
    rows = [f"| {name} | {value} |" for name, value in known]
    return _between(text, "costs", "\n".join([f"| measured, {cost.at} | |", "|---|---|", *rows]))


def _uneven() -> str:
    """The table of what the busiest worker carries."""
    lines = [
        "| partitions | workers | no heavy key | 1 % under one key | 5 % under one key |",
        "|---" * 5 + "|",
    ]
    for partitions, workers in DEALT:
        found = [
            skew(CONVERSATIONS, partitions, workers, heavy=share, rounds=20).high
            for share in (0.0, 0.01, 0.05)
        ]
        lines.append(
            " | ".join([f"| {partitions}", str(workers), *(f"{v:.2f}" for v in found)]) + " |"
        )
    return "\n".join(lines)


def _between(text: str, mark: str, new: str) -> str:
    begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}{new}\n{end}{after}"


def main() -> None:
    """Print the page, or write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    made = page(json.loads(LATEST.read_text()), PAGE.read_text())
    if given.write:
        PAGE.write_text(made)
    else:
        sys.stdout.write(made)


if __name__ == "__main__":
    main()
