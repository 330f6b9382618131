"""A worker of stock Faust, as its documentation shows it: what it handles it writes down, one line a record.

Run as a script: `stock.py take|concurrency|seek BROKERS TOPIC FOLDER [well]`. Without `well` it does what must
not lose anything, and does.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import faust
from faust.transport.consumer import Consumer
from faust.types import TP, StreamT


def read_ahead_then_seek(tp: TP, folder: Path) -> Callable[[Consumer], Awaitable[None]]:
    """Faust's own seek, after the fetcher has read what there is: partitions are open by then."""
    seek = Consumer.perform_seek

    async def perform_seek(self: Consumer) -> None:
        end = time.monotonic() + 20.0  # the day that Faust opens its partitions later
        while not await self.position(tp) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await seek(self)
        half = folder / "position.part"
        half.write_text(str(await self.position(tp)))
        half.rename(folder / "position")

    return perform_seek


def main() -> None:
    """Work until killed."""
    mode, brokers, topic, folder, *rest = sys.argv[1:]
    app = faust.App(
        f"{topic}-app",
        broker=[f"aiokafka://{broker}" for broker in brokers.split(",")],
        autodiscover=False,
        store="memory://",
        topic_partitions=1,
        topic_disable_leader=True,
        web_enabled=False,
        broker_commit_interval=0.1,
        consumer_auto_offset_reset="earliest",
        datadir=folder,
    )
    source = app.topic(topic, value_type=bytes, value_serializer="raw", key_type=bytes)
    app.Table("counts", partitions=1)
    well, handled = bool(rest), Path(folder) / "handled"

    def handle(value: bytes) -> None:
        with handled.open("ab") as lines:
            lines.write(value + b"\n")

    async def in_batches(stream: StreamT) -> None:
        async for values in stream.take(10, within=0.5):
            if not well:
                raise RuntimeError("the model has failed")
            for value in values:
                handle(value)

    async def four_at_once(stream: StreamT) -> None:
        async for value in stream:
            if value == b"0" and not well:
                await asyncio.Event().wait()  # the one that takes long
            handle(value)

    if mode == "seek":
        Consumer.perform_seek = read_ahead_then_seek(TP(topic, 0), Path(folder))
    if mode == "take":
        app.agent(source)(in_batches)
    else:
        app.agent(source, concurrency=1 if mode == "seek" else 4)(four_at_once)
    faust.Worker(app, loglevel="info").execute_from_commandline()


if __name__ == "__main__":
    main()
