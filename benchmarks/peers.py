"""What an engine spends on an event that is counted by its key: processor time, in microseconds.

Started by `engine_cost.py`:  peers.py BROKERS TOPIC COUNT faust|hopping|plain|aiokafka|quix

Each reads JSON, keeps a count by key with a changelog record, and sends one output record an event, as its own
tutorial does it. `plain` is stock Faust that only reads, `hopping` one that counts in hopping windows
(five minutes, every half a minute). quix needs benchmarks/requirements-peers.txt.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

Cost = float


def aiokafka(brokers: str, topic: str, count: int) -> Cost:
    """aiokafka by hand: batches, a dictionary, a changelog and an output topic."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    async def run() -> Cost:
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=brokers, auto_offset_reset="earliest")
        producer = AIOKafkaProducer(bootstrap_servers=brokers, linger_ms=5)
        await consumer.start()
        await producer.start()
        counts: dict[str, int] = {}
        seen, began = 0, time.process_time()
        while seen < count:
            for messages in (await consumer.getmany(timeout_ms=200, max_records=500)).values():
                for message in messages:
                    key = json.loads(message.value)["conversation_id"]
                    counts[key] = counts.get(key, 0) + 1
                    value = json.dumps({"key": key, "count": counts[key]}).encode()
                    await producer.send(f"{topic}-aiokafka-changelog", value, key=key.encode())
                    await producer.send(f"{topic}-aiokafka-out", value, key=key.encode())
                    seen += 1
        await producer.flush()
        spent = time.process_time() - began
        await consumer.stop()
        await producer.stop()
        return 1e6 * spent / seen

    return asyncio.run(run())


def faust(brokers: str, topic: str, count: int, kind: str) -> Cost:
    """Stock Faust: an agent that reads, counts in a table, or counts in hopping windows."""
    import faust as engine

    name = f"{topic}-faust-{kind}"
    folder = tempfile.mkdtemp()
    app = engine.App(
        name,
        broker=f"kafka://{brokers}",
        value_serializer="json",
        store="memory://",
        datadir=folder,
    )
    source = app.topic(topic)
    output = app.topic(f"{name}-out")
    table = app.Table(f"{name}-counts", default=int, partitions=4)
    if kind == "hopping":
        table = table.hopping(300, 30, expires=600)
    found: list[Cost] = []
    enough = asyncio.Event()

    async def work(events: engine.Stream) -> None:
        seen, began = 0, 0.0
        async for event in events:
            # starting, and joining its group, are not of an event
            began = began or time.process_time()
            key = event["conversation_id"]
            if kind != "plain":
                table[key] += 1
            if kind == "faust":
                await output.send(key=key, value={"key": key, "count": table[key]})
            seen += 1
            if seen == count:
                found.append(1e6 * (time.process_time() - began) / seen)
                enough.set()

    app.agent(source)(work)

    async def run() -> None:
        await app.start()
        await enough.wait()
        await app.stop()

    asyncio.run(run())
    return found[0]


def quix(brokers: str, topic: str, count: int) -> Cost:
    """Quix Streams with its changelog on."""
    from quixstreams import Application

    app = Application(
        broker_address=brokers,
        consumer_group=f"{topic}-quix",
        auto_offset_reset="earliest",
        state_dir=tempfile.mkdtemp(),
        loglevel="ERROR",
    )
    output = app.topic(f"{topic}-quix-out")

    began: list[float] = []

    def counted(value: dict[str, object], state: object) -> dict[str, object]:
        if not began:  # starting, and joining its group, are not of an event
            began.append(time.process_time())
        total = state.get("count", 0) + 1  # type: ignore[attr-defined]
        state.set("count", total)  # type: ignore[attr-defined]
        return {"key": value["conversation_id"], "count": total}

    app.dataframe(app.topic(topic)).apply(counted, stateful=True).to_topic(output)
    app.run(count=count)
    return 1e6 * (time.process_time() - began[0]) / count


ENGINES: dict[str, Callable[[str, str, int], Cost]] = {
    "aiokafka": aiokafka,
    "faust": lambda brokers, topic, count: faust(brokers, topic, count, "faust"),
    "hopping": lambda brokers, topic, count: faust(brokers, topic, count, "hopping"),
    "plain": lambda brokers, topic, count: faust(brokers, topic, count, "plain"),
    "quix": quix,
}

if __name__ == "__main__":
    sys.path = [
        entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent
    ]
    said = ENGINES[sys.argv[4]](sys.argv[1], sys.argv[2], int(sys.argv[3]))
    sys.__stdout__.write(f"cost {said:.1f}\n")  # type: ignore[union-attr]  # Faust takes stdout
