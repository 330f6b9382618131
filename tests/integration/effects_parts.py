"""The parts of `effects.py`: three processes to kill, the supervisor and the reader that nobody kills."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import IO, Literal, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from cxstream.events import Action, Approval, Fragment, LedgerRow
from cxstream.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 25.0
Verdict = Literal["approved", "refused"]


class Ask(NamedTuple):
    """What a customer says, the effects that follow, and what the supervisor says of it."""

    words: str
    effects: tuple[str, ...]
    verdict: Verdict | None = None
    waits: bool = False


ASKS = (
    Ask("refund please", ("refund",)),
    Ask("technician please", ("visit",)),
    Ask("guarded refund, please", ("refund",), "approved", waits=True),
    Ask("call me please", ("call_back",)),
    Ask("new address please", ("address",)),
    Ask("guarded refund, please", (), "refused", waits=True),
    Ask("bigger plan please", ("plan", "visit")),
    Ask("technician please", ("visit",)),
    Ask("guarded refund, please", (), None, waits=True),
    Ask("guarded refund, please", ("refund",), "approved", waits=True),
    Ask("call me please", ("call_back",)),
    Ask("refund please", ("refund",)),
    Ask("new address please", ("address",)),
    Ask("bigger plan please", ("plan", "visit")),
)
"""One after the other, over and over (see effects.yaml and deploy/demo-crm/executor.yaml)."""

STATES: dict[Verdict | None, str] = {
    "approved": "confirmed",
    "refused": "withdrawn",
    None: "proposed",
}
TOKEN = "only-for-this-test"


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
            "CXSTREAM_DATA_DIR": str(folder / "data"),
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


class Supervisor:
    """Answers what waits, late and twice; before that somebody says yes who may not.

    `early` are the customers who had an effect in the CRM before it was allowed.
    """

    def __init__(
        self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, topic: str, parts: Parts
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._topic = topic
        self._parts = parts
        self._answered: set[str] = set()
        self.early: set[str] = set()

    async def answer(self) -> None:
        """Read what is new, and say what is to be said of it."""
        batches = await self._consumer.getmany(timeout_ms=50)
        actions = [
            action
            for messages in batches.values()
            for message in messages
            if (action := msgspec.json.decode(message.value, type=Action)).status == "proposed"
            and action.needs_approval
        ]
        there = {customer for customer, _ in self._parts.effects()} if actions else set()
        for action in actions:
            customer = action.customer_id or ""
            if action.id not in self._answered and customer in there:
                self.early.add(customer)
            self._answered.add(action.id)
            ask = ASKS[int(customer.removeprefix("c-")) % len(ASKS)]
            await self._say(action, "approved", "passer-by", ("nobody",))
            for _ in range(2 if ask.verdict else 0):
                await self._say(action, ask.verdict or "refused", "boss", ("supervisor",))

    async def _say(self, action: Action, verdict: Verdict, by: str, roles: tuple[str, ...]) -> None:
        approval = Approval(
            id=f"{action.id}-{by}",
            decision_id=action.id,
            conversation_id=action.conversation_id,
            verdict=verdict,
            by=by,
            event_time=action.event_time,
            roles=roles,
            customer_id=action.customer_id,
        )
        key = (action.customer_id or "").encode()
        await self._producer.send(self._topic, msgspec.json.encode(approval), key=key)


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

    def stands(self, everything: list[tuple[Fragment, Ask]]) -> bool:
        """Whether everything has come as far as it may."""
        states = Counter(row.state for row in self.rows.values())
        wanted = Counter(STATES[ask.verdict] if ask.waits else "confirmed" for _, ask in everything)
        return states == wanted


class Killing:
    """Who is killed next: in the order of the seed, but nobody who has done nothing since they came up."""

    def __init__(self, parts: Parts, victims: list[str]) -> None:
        self._parts = parts
        self.left = victims
        self._began = dict.fromkeys(parts.names, (0.0, 0))

    def kill(self, done: dict[str, int]) -> bool:
        """Kill the next who has worked, if anybody has; `done` counts by name what each has done."""
        now = time.monotonic()
        for place, name in enumerate(self.left):
            at, had = self._began[name]
            if done[name] > had or now - at > PATIENCE_S:
                del self.left[place]
                self._parts.kill(name)
                self._parts.start(name)
                self._began[name] = now, done[name]
                return True
        return False
