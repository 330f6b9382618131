"""Seconds from a fragment being sent to its decisions being safe, at a steady rate, as JSON.

    .venv/bin/python benchmarks/latency.py --rate 10 --seconds 30 [--brokers 127.0.0.1:9092]

The bundled conversations are played again and again, each round under ids of its own, at `rate` fragments a
second (open loop: a fragment is sent when it is due, whether the one before was answered or not). Broker,
worker, sender and reader share this machine. Without --brokers the embedded broker serves.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

from msgspec.structs import replace

from cxstream import bootstrap, replay
from cxstream.demo.story import bundled
from cxstream.engine.embedded import EmbeddedBroker
from cxstream.events import EPOCH, Fragment, Stage, Transcript
from cxstream.settings import Settings


def load(rate: float, seconds: float) -> Iterator[Transcript]:
    """Finals of all stories, interleaved, one every 1/rate seconds of event time."""
    said = [
        record
        for story in bundled()
        for record in story.records()
        if isinstance(record, Fragment) and record.stage is Stage.FINAL
    ]
    start = EPOCH + timedelta(days=20_000)
    for number in range(int(rate * seconds)):
        lap, index = divmod(number, len(said))
        fragment = said[index]
        yield replace(
            fragment,
            conversation_id=f"{fragment.conversation_id}-{lap}",
            fragment_id=f"{fragment.fragment_id}-{lap}",
            agent_id="a-bench",
            event_time=start + timedelta(seconds=number / rate),
        )


async def measure(arguments: argparse.Namespace) -> dict[str, object]:
    """One run; the model is loaded before the clock starts."""
    model = bootstrap.scorer(Settings())
    with ExitStack() as stack:
        brokers = arguments.brokers
        if brokers is None:
            brokers = stack.enter_context(EmbeddedBroker()).bootstrap_servers
        name = f"bench-{uuid.uuid4().hex[:8]}"
        settings = Settings(
            brokers=brokers,
            embedded=arguments.brokers is None,
            app_id=name,
            topic_prefix=f"{name}.",
        )
        report = await replay.run(
            settings, load(arguments.rate, arguments.seconds), speed=1.0, model=model
        )
        if arguments.brokers is not None:
            await bootstrap.remove_topics(settings)
    return {
        "rate_per_s": arguments.rate,
        "fragments": report.sent,
        "seconds": round(report.seconds, 1),
        "broker": "kafka" if arguments.brokers else "embedded",
        "latency_ms": {
            f"p{share}": round(1000 * report.percentile(share / 100), 1) for share in (50, 95, 99)
        },
        "model": model.name,
        "machine": {"cores": os.cpu_count(), "cpu": platform.processor() or platform.machine()},
        "python": platform.python_version(),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rate", type=float, default=10.0, help="fragments a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--brokers", help="Apache Kafka, host:port")
    sys.stdout.write(json.dumps(asyncio.run(measure(parser.parse_args()))) + "\n")


if __name__ == "__main__":
    main()
