"""The long run: `python tests/integration/loss/chaos.py --kinds kill,term --faults 50 --seed 1`.

Starts the brokers it needs, plays a session without faults first (the control that outputs and tables are
compared with, byte for byte), then one session a kind. Prints what it counted; ends with 1 if anything was
lost, doubled, disordered or wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from brokers import kafka_cluster  # noqa: E402
from faults import ALL, Fault  # noqa: E402
from ledger import Ledger  # noqa: E402
from members import Setup  # noqa: E402
from session import Report, play  # noqa: E402

HOUR_MS = 3_600_000


def main() -> None:
    """Parse, play, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default=",".join(ALL), help=f"of {', '.join(ALL)}")
    parser.add_argument("--faults", type=int, default=50, help="faults a kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep logs and states in this folder")
    given = parser.parse_args()
    kinds = [ALL[name] for name in given.kinds.split(",")]
    with ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        reports = [r for size in (1, 3) for r in _on(size, kinds, given.faults, given.seed, folder)]
    sys.exit(0 if all(report.well for report in reports) else 1)


def _on(size: int, kinds: list[type[Fault]], faults: int, seed: int, folder: Path) -> list[Report]:
    """The kinds that want a cluster of this size, on one."""
    wanted = [kind for kind in kinds if kind.brokers == size]
    if not wanted:
        return []
    base_ms = int(time.time() * 1000) // HOUR_MS * HOUR_MS
    reports: list[Report] = []
    with kafka_cluster().Cluster(folder / f"kafka-{size}", brokers=size) as cluster:
        control: Ledger | None = None
        for kind in (None, *wanted):
            prefix = f"chaos-{uuid.uuid4().hex[:8]}."
            setup = Setup(
                brokers=cluster.bootstrap_servers,
                prefix=prefix,
                folder=folder / (kind.name if kind else "control"),
                replication=size,
                store=kind.store if kind else "memory",
            )
            report, ledger = asyncio.run(
                play(
                    setup,
                    kind() if kind else None,
                    seed=seed,
                    rounds=faults,
                    base_ms=base_ms,
                    cluster=cluster,
                    control=control,
                )
            )
            control = control or ledger
            print(report, flush=True)
            reports.append(report)
    return reports


if __name__ == "__main__":
    main()
