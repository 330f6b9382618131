"""Fragments onto a topic from a process of its own, in an open loop: each is sent when it is due.

    load.py BROKERS TOPIC --count 1000 [--rate 50] [--seed 7] [--skip 0]

Arrivals are those of many independent conversations together: a Poisson process. Each record carries the time
at which it was due, whenever it was sent, so that a slow moment of the sender does not hide latency. Without
--rate all are sent as fast as they go; with --skip what follows so many of the same seed. Prints when the first
was due. What is said is encoded before, and librdkafka sends it: the sender shares the machine with what is
measured.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from typing import Final

from confluent_kafka import KafkaError, Message, Producer
from conversations import SEED, fragments

from cxstream.engine import codec

FLUSH_S: Final = 60.0


def send(brokers: str, topic: str, count: int, rate: float | None, seed: int, skip: int) -> float:
    """Send them; when the first was due, as seconds since the epoch. Raises `RuntimeError` when one is lost."""
    chance = random.Random(seed)
    ready = [(fragment, codec.encode(fragment)) for fragment in fragments(count, seed, skip)]
    refused: list[str] = []

    def told(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            refused.append(error.str())

    producer = Producer(
        {
            "bootstrap.servers": brokers,
            "linger.ms": 0 if rate else 5,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": max(100_000, count),
            "on_delivery": told,
        }
    )
    first = due = time.time()
    for fragment, value in ready:
        if rate:
            due += chance.expovariate(rate)
            while (early_s := due - time.time()) > 0:
                producer.poll(early_s)
        else:
            due = time.time()
        producer.produce(
            topic,
            value,
            fragment.conversation_id.encode(),
            headers=codec.headers(fragment, fragment.conversation_id, codec.Cause(int(due * 1000))),
        )
    unanswered = producer.flush(FLUSH_S)
    if refused or unanswered:
        why = refused[-1] if refused else f"no answer within {FLUSH_S:.0f} s"
        raise RuntimeError(f"{len(refused) + unanswered} of {count} not sent: {why}")
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
    first = send(given.brokers, given.topic, given.count, given.rate, given.seed, given.skip)
    sys.stdout.write(f"{first}\n")


if __name__ == "__main__":
    main()
