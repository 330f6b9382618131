"""Fragments onto a topic from a process of its own, in an open loop: each is sent when it is due.

    load.py BROKERS TOPIC --count 1000 [--rate 50] [--seed 7] [--skip 0] [--tell 0 1]

Arrivals are those of many independent conversations together: a Poisson process. Each record carries the time
at which it was due, whenever it was sent, so that a slow moment of the sender does not hide latency. Without
--rate all are sent as fast as they go; with --skip what follows so many of the same seed; with --tell 1 3 they
are told twice more, by other customers in other conversations than the first time (0 1). Prints when the
first was due. What is said is encoded before, librdkafka sends it and tells of what fails alone: the sender
shares the machine with what is measured.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from typing import Final

from confluent_kafka import KafkaError, Message, Producer
from conversations import SEED, fragments
from msgspec.structs import replace

from cxstream.engine import codec
from cxstream.events import Fragment

FLUSH_S: Final = 60.0


def send(
    brokers: str, topic: str, count: int, rate: float | None, seed: int, skip: int, tell: range
) -> float:
    """Send them; when the first was due, as seconds since the epoch. Raises `RuntimeError` when one is lost."""
    chance = random.Random(seed)
    said = list(fragments(count, seed, skip))
    told = [_told(fragment, time_) for time_ in tell for fragment in said]
    ready = [(fragment, codec.encode(fragment)) for fragment in told]
    refused: list[str] = []

    def answered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            refused.append(error.str())

    producer = Producer(
        {
            "bootstrap.servers": brokers,
            "linger.ms": 0 if rate else 5,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": max(100_000, len(ready)),
            "on_delivery": answered,
            "delivery.report.only.error": True,
        }
    )
    first = due = time.time()
    for fragment, value in ready:
        if rate:
            due += chance.expovariate(rate)
            if (early_s := due - time.time()) > 0:
                time.sleep(early_s)
            producer.poll(0)
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
        raise RuntimeError(f"{len(refused) + unanswered} of {len(ready)} not sent: {why}")
    return first


def _told(fragment: Fragment, time_: int) -> Fragment:
    """As it is told for the so manieth time: the same, by another customer in another conversation."""
    if not time_:
        return fragment
    return replace(
        fragment,
        conversation_id=f"{fragment.conversation_id}~{time_}",
        customer_id=f"{fragment.customer_id}~{time_}",
    )


def main() -> None:
    """Send."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("brokers")
    parser.add_argument("topic")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--tell", type=int, nargs=2, default=(0, 1))
    given = parser.parse_args()
    what = given.count, given.rate, given.seed, given.skip, range(*given.tell)
    sys.stdout.write(f"{send(given.brokers, given.topic, *what)}\n")


if __name__ == "__main__":
    main()
