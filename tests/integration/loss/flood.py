"""A flood on one worker, in bounded memory: what it carries is measured, then it gets twice and ten times that.

`python tests/integration/loss/flood.py --real --seconds 60` starts a broker and floods `cxstream worker` on the
shipped models; without `--real` a worker whose model takes a fixed time a text. Prints what it saw; ends with 1
if something was not as it must be.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import re
import sys
import tempfile
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # noqa: E402
from brokers import kafka_cluster  # noqa: E402
from members import Member, Setup  # noqa: E402
from prometheus_client.parser import text_string_to_metric_families  # noqa: E402
from script import SAYINGS  # noqa: E402
from waiting import NeverCame, until_async  # noqa: E402

from cxstream import bootstrap  # noqa: E402
from cxstream.settings import Settings  # noqa: E402

PARTIALS = 3
"""Before each final, as telephony sends them."""
LANES = 64
IN_FLIGHT = 8
"""Finals not answered yet while the rate is measured: a worker that is busy, and not behind."""
ORDER = ("partials", "transformer", "agent_scores")
PATIENCE_S = 480.0
"""As long again as the flood lasted, to work off what waits, and the four minutes of the slowest way down."""
SLACK_S = 5.0
"""What a busy machine may add to a wait."""
MORE_MB = 250.0
"""What a flood may take: RocksDB 100 (see `rocks.Memory`), queues, texts that are remembered."""


class Piece(NamedTuple):
    """One fragment to send."""

    conversation: str
    fragment: str
    kind: str
    value: bytes


class Sample(NamedTuple):
    """What the worker told of itself at a moment."""

    at_s: float
    rung: int
    wait_s: float
    shed: dict[str, float]
    heard: dict[str, float]
    moves: dict[str, float]
    resident_mb: float


@dataclass
class Flood:
    """One worker under floods: what was sent, what came out, and what it told meanwhile."""

    member: Member
    producer: AIOKafkaProducer
    sent: Counter[str] = field(default_factory=Counter)
    open: set[str] = field(default_factory=set)
    signals: dict[str, dict[str, Any]] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    pieces: Iterator[Piece] = field(default_factory=lambda: pieces())
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def must(self, holds: bool, what: str) -> None:
        """Note what is not as it must be."""
        if not holds:
            self.faults.append(what)

    async def send(self, piece: Piece) -> Awaitable[object]:
        """Hand a fragment over."""
        self.sent[piece.kind] += 1
        if piece.kind != "partial":
            self.open.add(piece.fragment)
        sent: Awaitable[object] = await self.producer.send(
            f"{self.member.setup.prefix}transcripts",
            piece.value,
            key=piece.conversation.encode(),
        )
        return sent

    async def carries(self, seconds: float) -> float:
        """Fragments a second that the worker carries: it is kept busy, and never behind."""
        began, count = time.monotonic(), 0
        while time.monotonic() < began + seconds:
            while len(self.open) >= IN_FLIGHT:
                self.answered.clear()
                await self.answered.wait()
            for piece in itertools.islice(self.pieces, PARTIALS + 1):
                await self.send(piece)
                count += 1
        return count / (time.monotonic() - began)

    async def pour(self, rate: float, seconds: float) -> None:
        """So many fragments a second, whatever the worker does."""
        began = time.monotonic()
        pending: list[Awaitable[object]] = []
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            pending.append(await self.send(next(self.pieces)))
        await asyncio.gather(*pending)

    async def until_normal(self) -> float:
        """Seconds until everything is answered and nothing is let go of any more."""
        began = time.monotonic()
        try:
            await until_async(self._normal, "normal again", PATIENCE_S)
        except NeverCame as never:
            self.faults.append(f"{never}: {len(self.open)} finals not answered")
        return time.monotonic() - began

    def _normal(self) -> bool:
        assert self.member.running, f"the worker has ended: {self.member.log}"
        return not self.open and bool(self.samples) and not self.samples[-1].rung

    async def until_well(self) -> None:
        """Go on calmly until a customer is answered as ever: in full, and without a mark."""
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE_S:
            before = set(self.signals)
            await self.carries(0.5)
            await self.until_normal()
            fresh = [self.signals[fragment] for fragment in self.signals.keys() - before]
            if any("overload" not in s and not s["scores"].get("degraded") for s in fresh):
                return
        self.faults.append("still marked, or degraded, when all is well again")

    async def read(self, consumer: AIOKafkaConsumer) -> None:
        """Take the signals as they come."""
        while True:
            for batch in (await consumer.getmany(timeout_ms=50)).values():
                for message in batch:
                    signal = json.loads(message.value)
                    if fragment := signal.get("fragment_id"):
                        self.signals[fragment] = signal
                        self.open.discard(fragment)
                self.answered.set()

    async def watch(self) -> None:
        """Ask the worker for its metrics, twice a second."""
        while True:
            self.samples.append(await asyncio.to_thread(sample, self.member))
            await asyncio.sleep(0.5)

    def judge(self) -> None:
        """What must hold of everything that was sent, seen from outside."""
        said = [s for s in self.signals.values() if s["kind"] == "utterance"]
        by_role = Counter(signal["role"] for signal in said)
        self.must(
            by_role["customer"] == self.sent["customer"], f"a customer's final is gone: {by_role}"
        )
        self.must(by_role["agent"] == self.sent["agent"], f"an agent's final is gone: {by_role}")
        for signal in said:
            scores, rung = signal.get("scores"), signal.get("overload")
            self.must(
                scores is not None or (signal["role"] == "agent" and rung == "agents"),
                f"not scored: {signal['role']} {rung}",
            )
            self.must(
                not (scores or {}).get("degraded") or rung in ("light", "agents"),
                f"degraded on {rung}",
            )
        last = sample(self.member)
        known = last.shed.get("partials", 0) + sum(last.heard.values())
        self.must(known == self.sent.total(), f"{known} of {self.sent} accounted for")
        begun = [self._begun(what) for what in ORDER]
        self.must(
            begun == sorted(begun),
            f"let go of out of order: {dict(zip(ORDER, begun, strict=True))}",
        )
        for rung in range(3):
            up, down = last.moves.get(f"{rung + 1} up", 0), last.moves.get(f"{rung} down", 0)
            stands = up - down == (last.rung > rung)
            self.must(stands, f"a rung was left out: on {last.rung} after {last.moves}")

    def _begun(self, what: str) -> float:
        return next((s.at_s for s in self.samples if s.shed.get(what)), float("inf"))


def pieces() -> Iterator[Piece]:
    """Calls that go on side by side: customer and agent in turn, partials before each final, no text twice."""
    for number in itertools.count():
        turn, lane = divmod(number, LANES)
        who = "agent" if turn % 2 else "customer"
        text = f"{SAYINGS[number % len(SAYINGS)]}, number {number}"
        for revision in range(PARTIALS):
            yield _piece(lane, number, "partial", who, text[: 4 * (revision + 1)], revision)
        yield _piece(lane, number, who, who, text, PARTIALS)


def _piece(lane: int, number: int, kind: str, who: str, text: str, revision: int) -> Piece:
    conversation, fragment = f"flood-{lane}", f"f-{number}"
    record = {
        "schema": "cx.fragment.v1",
        "conversation_id": conversation,
        "fragment_id": fragment,
        "revision": revision,
        "stage": "partial" if kind == "partial" else "final",
        "speaker": {"role": who, "role_source": "explicit"},
        "channel": "voice",
        "event_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "text": text,
        "customer_id": f"person-{lane}",
        "agent_id": f"agent-{lane}",
    }
    return Piece(conversation, fragment, kind, json.dumps(record).encode())


def sample(member: Member) -> Sample:
    """Its metrics, and what it holds in memory (Linux)."""
    where = re.findall(r"health on http://([\d.:]+)/metrics", member.log.read_text("utf-8"))[-1]
    with urllib.request.urlopen(f"http://{where}/metrics", timeout=60) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    found = {s.name: s.value for f in families for s in f.samples}
    moves = {
        f"{one.labels['rung']} {one.labels['way']}": one.value
        for family in families
        for one in family.samples
        if one.name == "cxstream_overload_moves_total"
    }
    waits, shed, heard = Counter[str](), Counter[str](), Counter[str]()
    for one in (one for family in families for one in family.samples):
        if one.name == "cxstream_waiting_seconds":
            waits["all"] += one.value  # type: ignore[assignment]
        elif one.name == "cxstream_shed_total":
            shed[one.labels["what"]] += one.value  # type: ignore[assignment]
        elif one.name == "cxstream_fragments_total":
            heard[one.labels["outcome"]] += one.value  # type: ignore[assignment]
    return Sample(
        time.monotonic(),
        int(found["cxstream_overload_rung"]),
        waits["all"],
        dict(shed),
        dict(heard),
        moves,
        member.memory_mb(),
    )


def up(member: Member) -> bool:
    """Whether it is ready; it must not have ended."""
    assert member.running, member.log.read_text("utf-8")
    return member.ready


@contextlib.asynccontextmanager
async def flooded(setup: Setup) -> AsyncIterator[Flood]:
    """A worker that is ready, with somebody who reads what it says."""
    await bootstrap.prepare_topics(
        Settings(brokers=setup.brokers, topic_prefix=setup.prefix, app_id=setup.app_id)
    )
    member = Member(setup, "worker")
    member.mood("heavy")
    producer = AIOKafkaProducer(bootstrap_servers=setup.brokers, linger_ms=5)
    consumer = AIOKafkaConsumer(
        f"{setup.prefix}signals", bootstrap_servers=setup.brokers, auto_offset_reset="earliest"
    )
    tasks: list[asyncio.Task[None]] = []
    try:
        await producer.start()
        await consumer.start()
        member.start()
        await until_async(lambda: up(member), "the worker to come up", PATIENCE_S)
        flood = Flood(member, producer)
        tasks = [asyncio.create_task(flood.read(consumer)), asyncio.create_task(flood.watch())]
        yield flood
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        member.end()
        await consumer.stop()
        await producer.stop()


async def play(
    setup: Setup,
    *,
    measured_s: float,
    seconds: float,
    times: tuple[float, ...],
    more_mb: float = MORE_MB,
) -> Flood:
    """Measure what the worker carries, then pour these times as much for so long; prints what it saw.

    From then on the kernel gives the worker `more_mb` of memory more than it has, and not a byte beyond.
    """
    async with flooded(setup) as flood:
        await flood.carries(measured_s / 2)  # warm
        rate = await flood.carries(measured_s)
        await flood.until_normal()
        calm_mb = flood.samples[-1].resident_mb
        flood.member.no_more_than(more_mb)
        print(f"carries {rate:.0f} fragments a second; {calm_mb:.0f} MB resident", flush=True)
        for load in times:
            begun, before = len(flood.samples), flood.samples[-1]
            await flood.pour(rate * load, seconds)
            behind_s = flood.samples[-1].wait_s
            normal_s = await flood.until_normal()
            seen = flood.samples[begun:]
            shed = {w: round(n - before.shed.get(w, 0)) for w, n in seen[-1].shed.items()}
            print(
                f"{load:g} times, {seconds:g} s: rung {max(s.rung for s in seen)}, longest wait"
                f" {max(s.wait_s for s in seen):.1f} s ({behind_s:.1f} at the end), normal after"
                f" {normal_s:.1f} s, {max(s.resident_mb for s in seen):.0f} MB resident, let go of {shed}",
                flush=True,
            )
            flood.must(max(s.rung for s in seen) >= 2, f"{load:g} times: never light")
            flood.must(
                load > 2 or max(s.wait_s for s in seen) < 4 * setup.overload_s + SLACK_S,
                f"{load:g} times: records wait longer than the last rung allows",
            )
        await flood.until_well()
        flood.judge()
        grown = max(s.resident_mb for s in flood.samples) - calm_mb
        flood.must(grown < more_mb, f"grew by {grown:.0f} MB")
        return flood


def main() -> None:
    """Parse, play, say what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", action="store_true", help="the shipped models")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each flood")
    parser.add_argument("--times", default="2,10", help="what it carries, times this")
    parser.add_argument(
        "--more-mb", type=float, default=MORE_MB, help="memory that the worker may take in a flood"
    )
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        kafka_cluster().Cluster(Path(folder) / "kafka") as kafka,
    ):
        setup = Setup(
            brokers=kafka.bootstrap_servers,
            prefix=f"flood-{uuid.uuid4().hex[:8]}.",
            folder=Path(folder),
            store="rocksdb",
            score_deadline_s=10.0,
            overload_s=2.0,
            real=given.real,
        )
        times = tuple(float(one) for one in given.times.split(","))
        flood = asyncio.run(
            play(
                setup,
                measured_s=10.0,
                seconds=given.seconds,
                times=times,
                more_mb=given.more_mb,
            )
        )
    for fault in dict.fromkeys(flood.faults):
        print(f"  wrong: {fault}")
    sys.exit(1 if flood.faults else 0)


if __name__ == "__main__":
    main()
