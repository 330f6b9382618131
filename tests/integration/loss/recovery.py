"""How long a worker takes to have many customers' state again: `python tests/integration/loss/recovery.py`.

Real rows, from a short session, written to the changelog under as many keys as wanted; then a worker with
an empty folder, the same again on its filled folder, and one with state in memory. Prints seconds, bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import sys
import tempfile
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from aiokafka import AIOKafkaProducer  # noqa: E402
from brokers import kafka_cluster  # noqa: E402
from field import Field  # noqa: E402
from members import Member, Setup  # noqa: E402
from script import Script  # noqa: E402
from waiting import until_async  # noqa: E402

PATIENCE_S = 600.0
HOUR_MS = 3_600_000


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=100_000)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        kafka_cluster().Cluster(Path(folder) / "kafka") as kafka,
    ):
        asyncio.run(_measure(kafka.bootstrap_servers, Path(folder), given.customers))


async def _measure(brokers: str, folder: Path, customers: int) -> None:
    prefix = f"many-{uuid.uuid4().hex[:8]}."
    disk = Setup(
        brokers=brokers,
        prefix=prefix,
        folder=folder / "disk",
        store="rocksdb",
        session_timeout_s=10.0,
    )
    async with Field(disk, seed=1) as ground:
        first = ground.member("first")
        first.start()
        script = Script(1, int(time.time() * 1000) // HOUR_MS * HOUR_MS)
        for _ in range(3):
            await ground.send(script.next_round())
        await ground.settled(PATIENCE_S)
        rows = list(ground.ledger.rows["customers"].values())
        first.signal(signal.SIGTERM)
        await asyncio.to_thread(first.wait)
    began = time.monotonic()
    written = await _write(disk, rows, customers)
    print(
        f"{customers} rows, {written / customers:.0f} bytes each, written in {time.monotonic() - began:.0f} s"
    )
    changelog = _size(folder, f"kafka/broker-*/log/{disk.app_id}-customers-changelog-*/*.log")
    print(f"changelog: {changelog / 1e6:.0f} MB, {changelog / customers:.0f} bytes a customer")
    memory = disk._replace(store="memory", folder=folder / "memory")
    for what, setup in (
        ("rocksdb, empty folder", disk),
        ("rocksdb, filled folder", disk),
        ("memory", memory),
    ):
        await _recover(what, setup, customers)


async def _write(setup: Setup, rows: list[bytes], customers: int) -> int:
    producer = AIOKafkaProducer(
        bootstrap_servers=setup.brokers, linger_ms=5, max_batch_size=262_144
    )
    await producer.start()
    written, topic = 0, f"{setup.app_id}-customers-changelog"
    try:
        for begin in range(0, customers, 5000):
            sent = []
            for number in range(begin, min(begin + 5000, customers)):
                row = rows[number % len(rows)]
                written += len(row)
                sent.append(
                    await producer.send(topic, row, key=b"many-%08d" % number, partition=number % 4)
                )
            await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return written


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


def _size(folder: Path, pattern: str) -> int:
    return sum(f.stat().st_size for f in folder.glob(pattern) if f.is_file())


async def _recover(what: str, setup: Setup, customers: int) -> None:
    member = Member(setup, "many")
    member.start()
    began = time.monotonic()

    def ready() -> bool:
        assert member.running, member.log.read_text()[-2000:]
        return member.ready

    await until_async(ready, "ready", PATIENCE_S)
    seconds = time.monotonic() - began
    assert member.process is not None
    resident = _resident(member.process.pid)
    member.signal(signal.SIGTERM)
    code = await asyncio.to_thread(member.wait)
    size = _size(member.home / "data", "**/*")
    print(
        f"{what}: ready {seconds:.1f} s after its start, resident {resident / 1e6:.0f} MB,"
        f" on disk {size / 1e6:.0f} MB ({size / customers:.0f} bytes a customer), exit code {code}"
    )


if __name__ == "__main__":
    main()
