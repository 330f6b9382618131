"""A topic's records as they come, for people and for pipes."""

from __future__ import annotations

import json
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer
from rich.console import Console
from rich.text import Text

from cxstream.engine.topics import Security, Topics
from cxstream.errors import EngineError
from cxstream.settings import Settings

Show = Callable[[str], None]


async def follow(
    settings: Settings, topic: str, show: Show, *, from_start: bool, count: int | None
) -> None:
    """Show each record's JSON, oldest or next first, until cancelled or `count` are shown.

    Order holds within a partition. Raises `EngineError` for a topic that is not there.
    """
    name = Topics(settings.topic_prefix).by_role().get(topic.replace("-", "_"), topic)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.brokers,
        enable_auto_commit=False,
        fetch_max_wait_ms=200,
        auto_offset_reset="earliest" if from_start else "latest",
        **Security.of(settings).for_aiokafka(),
    )
    await consumer.start()
    try:
        if name not in await consumer.topics():
            raise EngineError(f"{name}: no such topic; cxstream topics list shows what is there")
        consumer.subscribe([name])
        shown = 0
        async for message in consumer:
            show((message.value or b"null").decode("utf-8", "replace"))
            shown += 1
            if count is not None and shown >= count:
                return
    finally:
        await consumer.stop()


def pretty(console: Console) -> Show:
    """A line a person can read: when, what, where, and the words of it."""

    def show(line: str) -> None:
        record = json.loads(line)
        if not isinstance(record, dict):
            console.print(Text(line))
            return
        words = next(
            (str(record[n]) for n in ("title", "reason", "action", "text") if n in record), ""
        )
        when = str(record.get("event_time", ""))[11:19]
        what = str(record.get("kind") or record.get("schema", "")).removeprefix("cx.")
        about = str(record.get("conversation_id", record.get("customer_id", "")))
        console.print(
            Text.assemble((f"{when:9}", "dim"), (f"{what:22}", "bold"), f"{about:28} ", words)
        )

    return show
