"""Fragments onto a topic from a process of its own, in an open loop: each is sent when it is due.

    load.py BROKERS TOPIC --count 1000 [--rate 50] [--seed 7] [--skip 0]

Arrivals are those of many independent conversations together: a Poisson process. Each record carries the time
at which it was due, whenever it was sent, so that a slow moment of the sender does not hide latency. Without
--rate all are sent as fast as they go; with --skip what follows so many of the same seed. Prints when the first
was due.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time

from aiokafka import AIOKafkaProducer
from conversations import SEED, fragments

from cxstream.engine import codec


async def send(
    brokers: str, topic: str, count: int, rate: float | None, seed: int, skip: int
) -> float:
    """Send them; when the first was due, as seconds since the epoch."""
    chance = random.Random(seed)
    ready = list(fragments(count, seed, skip))
    producer = AIOKafkaProducer(bootstrap_servers=brokers, linger_ms=0 if rate else 5)
    await producer.start()
    first = due = time.time()
    for fragment in ready:
        if rate:
            due += chance.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.time()))
        else:
            due = time.time()
        await producer.send(
            topic,
            codec.encode(fragment),
            key=fragment.conversation_id.encode(),
            headers=codec.headers(fragment, fragment.conversation_id, codec.Cause(int(due * 1000))),
        )
    await producer.flush()
    await producer.stop()
    return first


def main() -> None:
    """Send."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("brokers")
    parser.add_argument("topic")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--skip", type=int, default=0)
    given = parser.parse_args()
    first = asyncio.run(
        send(given.brokers, given.topic, given.count, given.rate, given.seed, given.skip)
    )
    sys.stdout.write(f"{first}\n")


if __name__ == "__main__":
    main()
