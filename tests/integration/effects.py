"""Worker, executor and CRM are killed (-9) at random moments; every effect must stand in the CRM exactly once.

Some customers ask for what a human must allow. A supervisor, who is not killed, says yes to some of it (twice),
no to some, and nothing to the rest; somebody who may not say yes does so to everything. What was not allowed
must never stand in the CRM, what was allowed exactly once, and nothing before it was allowed.

    .venv/bin/python tests/integration/effects.py --seed 7 --conversations 2000 --kills 60

Nobody is killed before they have done something since they were last started (or had 25 seconds for it), so
that each kill hits work. Starts Apache Kafka by itself, or takes `--brokers HOST:PORT`. The seed decides who is
killed when, and where the CRM fails by itself (before or after an effect); it is printed first, so that a run
can be made again.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from effects_parts import (  # noqa: E402
    ASKS,
    STATES,
    Ask,
    Killing,
    Ledger,
    Parts,
    Supervisor,
)

from cxstream import bootstrap  # noqa: E402
from cxstream.engine.feed import Feed  # noqa: E402
from cxstream.engine.topics import Topics  # noqa: E402
from cxstream.events import Fragment, Role, Speaker, from_ms  # noqa: E402
from cxstream.settings import Settings  # noqa: E402

PAUSES_S = (0.3, 2.5)
LIMIT_S = 900.0


class Result(NamedTuple):
    """What stands where after a run."""

    effects: Counter[tuple[str, str]]
    expected: Counter[tuple[str, str]]
    states: Counter[str]
    wanted: Counter[str]
    early: set[str]
    kills: Counter[str]
    refused: Counter[str]
    seconds: float


def conversations(count: int) -> list[tuple[Fragment, Ask]]:
    """One conversation a customer, and what they ask for."""
    now_ms = int(time.time() * 1000)
    return [
        (
            Fragment(
                conversation_id=f"effects:{n}",
                fragment_id="u-1",
                text=f"hello, {ASKS[n % len(ASKS)].words}, thank you",
                speaker=Speaker(role=Role.CUSTOMER),
                channel="chat",
                event_time=from_ms(now_ms + n),
                customer_id=f"c-{n}",
                agent_id="a-1",
            ),
            ASKS[n % len(ASKS)],
        )
        for n in range(count)
    ]


@asynccontextmanager
async def around(
    settings: Settings, parts: Parts
) -> AsyncIterator[tuple[Feed, Ledger, Supervisor]]:
    """A sender, a reader and a supervisor that nobody kills."""
    topics = Topics(settings.topic_prefix)
    await bootstrap.prepare_topics(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.brokers, acks="all")
    ledger, actions = (
        AIOKafkaConsumer(topic, bootstrap_servers=settings.brokers, auto_offset_reset="earliest")
        for topic in (topics.ledger, topics.actions)
    )
    await producer.start()
    await ledger.start()
    await actions.start()
    try:
        supervisor = Supervisor(actions, producer, topics.approvals, parts)
        yield Feed(producer, topics, speed=None, stamp=False), Ledger(ledger), supervisor
    finally:
        await producer.stop()
        await ledger.stop()
        await actions.stop()


async def story(settings: Settings, folder: Path, *, seed: int, count: int, kills: int) -> Result:
    """Send, kill, and wait until everything stands. Raises `TimeoutError` after a quarter of an hour."""
    rng = random.Random(seed)
    began = time.monotonic()
    parts = Parts(settings, folder, seed)
    everything = conversations(count)
    # each is killed at least once, in an order and at moments that the seed chooses
    victims = [*parts.names, *(rng.choice(parts.names) for _ in range(kills - len(parts.names)))]
    rng.shuffle(victims)
    killed = Counter(victims)
    killing = Killing(parts, victims)
    portion = max(1, count // (len(victims) + 1))
    async with around(settings, parts) as (feed, ledger, supervisor):
        for name in parts.names:
            parts.start(name)
        try:
            while not ledger.rows and everything:
                await feed.send([everything[0][0]])  # the same again and again, until they are up
                await ledger.read(0.5)
            sent, told = 0, 0.0
            while killing.left or sent < count or not ledger.stands(everything):
                # a portion a kill, so that there is work to hit until the last of them
                until_here = portion * (kills - len(killing.left) + 1) if killing.left else count
                await feed.send([fragment for fragment, _ in everything[sent:until_here]])
                sent = max(sent, until_here)
                until = time.monotonic() + rng.uniform(*PAUSES_S)
                while (left := until - time.monotonic()) > 0:
                    await supervisor.answer()
                    await ledger.read(min(left, 0.3))
                parts.see_that_they_live()
                confirmed = ledger.confirmed()
                done = {"worker": len(ledger.rows), "executor": confirmed, "crm": confirmed}
                killing.kill(done)
                past = time.monotonic() - began
                if past - told > 15:
                    told = past
                    print(f"{past:.0f} s: {len(killing.left)} kills left, {done}", flush=True)
                if past > LIMIT_S:
                    raise TimeoutError(f"{len(killing.left)} kills left, {done} of {count}")
            effects = parts.effects()
        finally:
            parts.stop()
    expected = Counter((f.customer_id or "", kind) for f, ask in everything for kind in ask.effects)
    return Result(
        effects,
        expected,
        Counter(row.state for row in ledger.rows.values()),
        Counter(STATES[ask.verdict] if ask.waits else "confirmed" for _, ask in everything),
        supervisor.early,
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
    if result.states != result.wanted:
        wrong.append(f"states: {dict(result.states)}, wanted {dict(result.wanted)}")
    if result.early:
        wrong.append(f"done before it was allowed: {sorted(result.early)}")
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
        f" actions {dict(result.states)},"
        f" kills {dict(result.kills)}, refused steps {dict(result.refused)}, {result.seconds:.0f} s:"
        f" {'; '.join(wrong) if wrong else 'each exactly once'}"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
