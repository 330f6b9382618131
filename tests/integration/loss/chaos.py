"""Faults on running systems: `make chaos KIND=kill FAULTS=50 SEED=7`, or `--kinds kill,pause --lanes 3`.

Starts the brokers it needs, plays the faults of each kind, shared out over so many sessions side by side, and
one session of the same records without faults, which outputs and tables are compared with, byte for byte.
Prints what it counted, and writes it as a line of JSON a session (`table.py` makes the docs' table of them);
ends with 1 if anything was lost, doubled, disordered or wrong. The same kind, seed, faults and lanes play
the same records and the same faults again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from brokers import kafka_cluster  # noqa: E402
from faults import ALL, Fault  # noqa: E402
from field import SENT_OVER_S  # noqa: E402
from ledger import Ledger  # noqa: E402
from members import Setup  # noqa: E402
from script import begin_ms  # noqa: E402
from session import Report, Rounds, against, play  # noqa: E402

from cxstream.engine.embedded import EmbeddedBroker  # noqa: E402

UNHURRIED_S = 60.0
"""The shipped models may take so long: what is answered without them has other bytes."""


def main() -> None:
    """Parse, play, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default=",".join(ALL), help=f"of {', '.join(ALL)}")
    parser.add_argument("--faults", type=int, default=50, help="faults a kind")
    parser.add_argument("--lanes", type=int, default=2, help="sessions side by side")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument(
        "--within", type=float, default=float("inf"), help="seconds for a kind, then no more rounds"
    )
    parser.add_argument(
        "--over",
        type=float,
        default=SENT_OVER_S,
        help="seconds that a round's records are sent over",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        help="keep logs, states and what lies in Kafka in this folder, also when all is well",
    )
    parser.add_argument("--results", type=Path, help="add a line of JSON a session to this file")
    parser.add_argument("--embedded", action="store_true", help="on the embedded broker")
    parser.add_argument("--real", action="store_true", help="workers on the shipped models")
    given = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it meets dead brokers all the time
    kinds = [ALL[name] for name in given.kinds.split(",")]
    print(f"seed {given.seed}, {given.faults} faults a kind, {given.lanes} lanes", flush=True)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="chaos-"))
    reports = [r for size in (1, 3) for r in _on(size, kinds, given, folder)]
    well = all(report.well for report in reports)
    if well and not given.keep:
        shutil.rmtree(folder)
    else:
        print(f"logs, states and what lay in Kafka: {folder}")
    sys.exit(0 if well else 1)


def _on(
    size: int, kinds: list[type[Fault]], given: argparse.Namespace, folder: Path
) -> list[Report]:
    """The kinds that want a cluster of this size, on one; whoever breaks brokers has them alone."""
    wanted = [kind for kind in kinds if kind.brokers == size]
    if not wanted or (given.embedded and size > 1):
        return []
    lanes = given.lanes if size == 1 else 1
    rounds = -(-given.faults // lanes)
    reports: list[Report] = []
    with (
        EmbeddedBroker()
        if given.embedded
        else kafka_cluster().Cluster(folder / f"kafka-{size}", brokers=size)
    ) as broker:
        stage = _Stage(broker, size, given, folder)
        for kind in wanted:
            limits, base_ms = (
                Rounds(rounds, given.within),
                begin_ms(rounds, int(time.time() * 1000)),
            )
            played = asyncio.run(stage.play(kind, limits, base_ms, lanes=lanes))
            if kind.exact:
                control = stage.control(limits.most, base_ms)
                for report, ledger in played:
                    against(report, ledger, control)
            reports += stage.note([report for report, _ in played])
    return reports


class _Stage:
    """A broker or three, and the sessions that are played on them."""

    def __init__(self, broker: Any, size: int, given: argparse.Namespace, folder: Path) -> None:
        self._broker = broker
        self._size = size
        self._given = given
        self._folder = folder
        self._commit = _commit()

    def control(self, rounds: int, base_ms: int) -> Ledger:
        """The same records without faults."""
        [(report, ledger)] = asyncio.run(self.play(None, Rounds(rounds), base_ms, lanes=1))
        self.note([report])
        return ledger

    async def play(
        self, kind: type[Fault] | None, rounds: Rounds, base_ms: int, *, lanes: int
    ) -> list[tuple[Report, Ledger]]:
        """Sessions of one kind side by side: equal records, other faults."""
        return await asyncio.gather(
            *(
                play(
                    self._setup(kind, lane),
                    kind() if kind else None,
                    seed=self._given.seed,
                    lane=lane,
                    rounds=rounds,
                    base_ms=base_ms,
                    cluster=self._broker,
                    over_s=self._given.over,
                )
                for lane in range(lanes)
            )
        )

    def note(self, reports: list[Report]) -> list[Report]:
        """Print them, and keep them as lines of JSON."""
        for report in reports:
            print(report, flush=True)
            if self._given.results is not None:
                row = {**report.as_row(), "lanes": self._given.lanes, "commit": self._commit}
                row |= {"embedded": self._given.embedded, "real": self._given.real}
                row |= {"load": round(os.getloadavg()[0], 1)}
                with self._given.results.open("a") as results:
                    results.write(json.dumps(row) + "\n")
        return reports

    def _setup(self, kind: type[Fault] | None, lane: int) -> Setup:
        name = kind.name if kind else "control"
        setup = Setup(
            brokers=self._broker.bootstrap_servers,
            prefix=f"chaos-{uuid.uuid4().hex[:8]}.",
            folder=self._folder / f"{name}-{lane}",
            replication=self._size,
            store=kind.store if kind and not self._given.embedded else "memory",
            embedded=self._given.embedded,
            real=self._given.real,
        )
        return setup._replace(score_deadline_s=UNHURRIED_S) if setup.real else setup


def _commit() -> str:
    asked = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    main()
