"""A topic's records as they come, for people and for pipes."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
from aiokafka import AIOKafkaConsumer
from rich.console import Console
from rich.text import Text

from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.errors import UNREADABLE, EngineError
from cxstream.settings import Settings

Show = Callable[[str], None]
_WORDS = ("title", "reason", "action", "text")


async def follow(
    settings: Settings, topic: str, show: Show, *, from_start: bool, count: int | None
) -> None:
    """Show each record as one line of JSON, oldest or next first, until cancelled or `count` are shown.

    Order holds within a partition. Raises `EngineError` for a topic that is not there, and when no broker
    answers.
    """
    names = Topics(settings.topic_prefix).by_role()
    name = names.get(topic.replace("-", "_"), topic)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.brokers,
        enable_auto_commit=False,
        fetch_max_wait_ms=200,
        auto_offset_reset="earliest" if from_start else "latest",
        **Security.of(settings).for_aiokafka(),
    )
    try:
        with reaching(settings.brokers):
            await consumer.start()
            if name not in await consumer.topics():
                known = ", ".join(role.replace("_", "-") for role in names)
                raise EngineError(
                    f"no topic {name} at {settings.brokers}: one of {known}, or a full name;"
                    " `cxstream topics create` makes what is missing"
                )
            consumer.subscribe([name])
            shown = 0
            async for message in consumer:
                show(as_line(message.value))
                shown += 1
                if count is not None and shown >= count:
                    return
    finally:
        await consumer.stop()


def as_line(value: bytes | None) -> str:
    """One line of JSON whatever was written: what is no JSON becomes a JSON string, nothing `null`."""
    if value is None:
        return "null"
    try:
        msgspec.json.decode(value)
    except UNREADABLE:
        return json.dumps(value.decode("utf-8", "replace"), ensure_ascii=False)
    return value.decode() if b"\n" not in value else msgspec.json.format(value, indent=-1).decode()


def pretty(console: Console) -> Show:
    """A line a person can read: when, what, where, and the words of it."""

    def show(line: str) -> None:
        record = json.loads(line)
        if not isinstance(record, dict):
            console.print(Text(line))
            return
        words = next((str(record[n]) for n in _WORDS if record.get(n)), _differs(record))
        when = str(record.get("event_time") or "")[11:19]
        what = str(record.get("kind") or record.get("schema") or "").removeprefix("cx.")
        about = str(record.get("conversation_id") or record.get("customer_id") or "")
        console.print(
            Text.assemble((f"{when:9}", "dim"), (f"{what:22}", "bold"), f"{about:28} ", words)
        )

    return show


def _differs(record: dict[str, object]) -> str:
    """What a playbook in shadow would have done otherwise; nothing for other records."""
    sides = (("only_live", "only the live one"), ("only_trial", "only the one in shadow"))
    told = []
    for name, words in sides:
        members = record.get(name)
        if isinstance(members, list) and members:
            told.append(f"{words}: {', '.join(map(str, members))}")
    return "; ".join(told)
