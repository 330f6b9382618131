"""Worker, executor and CRM are killed (-9) at random moments; every effect must stand in the CRM exactly once.

    .venv/bin/python tests/integration/effects.py --seed 7 --conversations 2000 --kills 60

Starts Apache Kafka by itself, or takes `--brokers HOST:PORT`. The seed decides who is killed when, and where
the CRM fails by itself (before or after an effect); it is printed first, so that a run can be made again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from cxstream import bootstrap  # noqa: E402
from cxstream.engine.feed import Feed  # noqa: E402
from cxstream.engine.topics import Topics  # noqa: E402
from cxstream.events import Fragment, LedgerRow, Role, Speaker, from_ms  # noqa: E402
from cxstream.settings import Settings  # noqa: E402

WORDS = {
    "refund please": ("refund",),
    "technician please": ("visit",),
    "call me please": ("call_back",),
    "new address please": ("address",),
    "bigger plan please": ("plan", "visit"),
}
"""What customers say, and the effects that follow (see effects.yaml and deploy/demo-crm/executor.yaml)."""

PAUSES_S = (0.3, 2.5)
TOKEN = "only-for-this-test"


class Result(NamedTuple):
    """What stands where after a run."""

    effects: Counter[tuple[str, str]]
    expected: Counter[tuple[str, str]]
    states: Counter[str]
    kills: Counter[str]
    refused: Counter[str]
    seconds: float


class Parts:
    """The three processes, which can be killed and started anew; what they say goes to logs in a folder."""

    def __init__(self, settings: Settings, folder: Path, seed: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.data = folder / "crm.sqlite"
        (folder / "no-models").mkdir(exist_ok=True)
        self._folder = folder
        self._env = {
            **os.environ,
            "CXSTREAM_BROKERS": settings.brokers,
            "CXSTREAM_TOPIC_PREFIX": settings.topic_prefix,
            "CXSTREAM_APP_ID": settings.app_id,
            "CXSTREAM_SESSION_TIMEOUT_S": "6",
            "CXSTREAM_METRICS_PORT": "0",
            "CXSTREAM_CONTROL_SHARE": "0",  # each customer gets what they ask for
            "CXSTREAM_MODELS_DIR": str(folder / "no-models"),
            "CXSTREAM_PLAYBOOKS": f'["{ROOT / "tests/integration/effects.yaml"}"]',
            "CXSTREAM_EXECUTOR_CONFIG": str(ROOT / "deploy/demo-crm/executor.yaml"),
            "CXSTREAM_SECRET_CRM": TOKEN,
            "CRM_TOKEN": TOKEN,
            "CRM_URL": f"http://127.0.0.1:{self.port}",
        }
        crm = [str(ROOT / "deploy/demo-crm/crm.py"), "--data", str(self.data)]
        self._commands = {
            "crm": [*crm, "--port", str(self.port), "--fail", str(seed)],
            "executor": ["-m", "cxstream", "executor"],
            "worker": ["-m", "cxstream", "worker"],
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: dict[str, IO[bytes]] = {}

    @property
    def names(self) -> list[str]:
        return list(self._commands)

    def start(self, name: str) -> None:
        if name not in self._logs:
            self._logs[name] = (self._folder / f"{name}.log").open("ab")
        log = self._logs[name]
        self._running[name] = subprocess.Popen(
            [sys.executable, *self._commands[name]],
            env=self._env,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def kill(self, name: str) -> None:
        self._running[name].kill()
        self._running[name].wait(30)

    def see_that_they_live(self) -> None:
        """Start anew what ended by itself, as a supervisor would; why it did is in its log."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                self.start(name)

    def stop(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait(30)
        for log in self._logs.values():
            log.close()

    def effects(self) -> Counter[tuple[str, str]]:
        """How often each customer has each effect that was not taken back."""
        if not self.data.exists():
            return Counter()
        db = sqlite3.connect(f"file:{self.data}?mode=ro", uri=True)
        try:
            rows = db.execute("select customer_id, kind from effects where status = 'done'")
            return Counter((customer, kind) for customer, kind in rows)
        except sqlite3.OperationalError:
            return Counter()  # killed before it had made its tables
        finally:
            db.close()


def conversations(count: int) -> list[tuple[Fragment, tuple[str, ...]]]:
    """One conversation a customer, and the effects that it should have."""
    now_ms = int(time.time() * 1000)
    said = list(WORDS)
    return [
        (
            Fragment(
                conversation_id=f"effects:{n}",
                fragment_id="u-1",
                text=f"hello, {said[n % len(said)]}, thank you",
                speaker=Speaker(role=Role.CUSTOMER),
                channel="chat",
                event_time=from_ms(now_ms + n),
                customer_id=f"c-{n}",
                agent_id="a-1",
            ),
            WORDS[said[n % len(said)]],
        )
        for n in range(count)
    ]


class Ledger:
    """The newest row of each action, read as it is written."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.rows: dict[str, LedgerRow] = {}

    async def read(self, seconds: float) -> None:
        """Read for a while, or until something came."""
        for messages in (await self._consumer.getmany(timeout_ms=round(seconds * 1000))).values():
            for message in messages:
                row = msgspec.json.decode(message.value, type=LedgerRow)
                self.rows[row.id] = row

    def confirmed(self) -> int:
        return sum(row.state == "confirmed" for row in self.rows.values())


@asynccontextmanager
async def around(settings: Settings) -> AsyncIterator[tuple[Feed, Ledger]]:
    """A sender and a reader that nobody kills."""
    topics = Topics(settings.topic_prefix)
    await bootstrap.prepare_topics(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, acks="all")
    consumer = AIOKafkaConsumer(
        topics.ledger, bootstrap_servers=settings.brokers, auto_offset_reset="earliest"
    )
    await producer.start()
    await consumer.start()
    try:
        yield Feed(producer, topics, speed=None, stamp=False), Ledger(consumer)
    finally:
        await producer.stop()
        await consumer.stop()


async def story(settings: Settings, folder: Path, *, seed: int, count: int, kills: int) -> Result:
    """Send, kill, and wait until everything stands."""
    rng = random.Random(seed)
    began = time.monotonic()
    parts = Parts(settings, folder, seed)
    everything = conversations(count)
    # each is killed at least once, in an order and at moments that the seed chooses
    victims = [*parts.names, *(rng.choice(parts.names) for _ in range(kills - len(parts.names)))]
    rng.shuffle(victims)
    killed = Counter(victims)
    portion = max(1, count // max(1, len(victims)))
    async with around(settings) as (feed, ledger):
        for name in parts.names:
            parts.start(name)
        try:
            while not ledger.rows and everything:
                await feed.send([everything[0][0]])  # the same again and again, until they are up
                await ledger.read(0.5)
            sent = 0
            while victims or sent < count or ledger.confirmed() < count:
                await feed.send([fragment for fragment, _ in everything[sent : sent + portion]])
                sent += portion
                wait_s = rng.uniform(*PAUSES_S)
                until = time.monotonic() + wait_s
                while (left := until - time.monotonic()) > 0:
                    await ledger.read(left)
                parts.see_that_they_live()
                if victims:
                    victim = victims.pop()
                    parts.kill(victim)
                    parts.start(victim)
            effects = parts.effects()
        finally:
            parts.stop()
    expected = Counter((f.customer_id or "", kind) for f, kinds in everything for kind in kinds)
    return Result(
        effects,
        expected,
        Counter(row.state for row in ledger.rows.values()),
        killed,
        Counter(r.reason for row in ledger.rows.values() for r in row.refused),
        time.monotonic() - began,
    )


def settings_of(brokers: str) -> Settings:
    prefix = f"effects{uuid.uuid4().hex[:8]}"
    return Settings(brokers=brokers, topic_prefix=f"{prefix}.", app_id=prefix)


def judged(result: Result) -> list[str]:
    """What is wrong, in words; nothing where every effect stands exactly once."""
    missing = result.expected - result.effects
    doubled = result.effects - result.expected
    wrong = []
    if missing:
        wrong.append(f"missing: {dict(missing)}")
    if doubled:
        wrong.append(f"too often: {dict(doubled)}")
    if set(result.states) != {"confirmed"}:
        wrong.append(f"not confirmed: {dict(result.states)}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--conversations", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--brokers", help="default: Kafka started for the run")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    print(f"seed {given.seed}", flush=True)
    from brokers import kafka_cluster

    with tempfile.TemporaryDirectory(prefix="cxstream-effects-") as name:
        folder = Path(name)

        def run(brokers: str) -> Result:
            return asyncio.run(
                story(
                    settings_of(brokers),
                    folder,
                    seed=given.seed,
                    count=given.conversations,
                    kills=given.kills,
                )
            )

        if given.brokers:
            result = run(given.brokers)
        else:
            with kafka_cluster().Cluster(folder / "kafka") as cluster:
                result = run(cluster.bootstrap_servers)
    wrong = judged(result)
    print(
        f"{sum(result.effects.values())} effects of {sum(result.expected.values())},"
        f" kills {dict(result.kills)}, refused steps {dict(result.refused)}, {result.seconds:.0f} s:"
        f" {'; '.join(wrong) if wrong else 'each exactly once'}"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
