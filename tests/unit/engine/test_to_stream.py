"""A record goes to its one stream as it came, waits where it has to, and holds fetching up as with Faust."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from cxstream import bootstrap
from cxstream.engine.to_stream import ToStreams
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings
from cxstream.understand.lexicon import LexiconScorer

PLACE = TP("topic", 0)


class Worker:
    """One partition, and a stream that takes so many records."""

    def __init__(self, room: int, value_type: type = bytes) -> None:
        self.told: list[str] = []
        flow = FlowControlEvent(initially_suspended=False)
        self.flow = flow
        self.queue: Any = ThrowableQueue(room, flow_control=flow, clear_on_resume=True)  # Faust's
        channel = SimpleNamespace(
            key_type=bytes, value_type=value_type, queue=self.queue, put=self.queue.put
        )
        app = SimpleNamespace(
            flow_control=flow,
            client_only=False,
            conf=faust.App("to-stream", cython_optimizations=False).conf,
            producer=SimpleNamespace(buffer=SimpleNamespace(wait_until_ebb=None)),
            sensors=SimpleNamespace(on_topic_buffer_full=lambda tp: self.told.append("waits")),
            consumer=SimpleNamespace(
                on_buffer_full=lambda tp: self.told.append("full"),
                on_buffer_drop=lambda tp: self.told.append("room"),
            ),
        )
        self.conductor: Any = ToStreams(app)
        channels: Any = _Channels([channel])
        self.hand: Any = self.conductor._build_handler(PLACE, channels)

    async def give(self, offset: int) -> ConsumerMessage:
        message = ConsumerMessage(
            "topic", 0, offset, 0.0, 0, [("h", b"1")], b"k", b"v", None, tp=PLACE
        )
        await self.hand(message)
        return message


class _Channels(list[Any]):
    """A set of what cannot be hashed."""


def test_a_record_comes_with_one_acknowledgement_to_wait_for() -> None:
    async def story() -> None:
        worker = Worker(room=10)
        message = await worker.give(7)
        event = worker.queue.get_nowait()
        assert event.message is message and message.refcount == 1
        assert (event.key, event.value, event.headers) == (b"k", b"v", {"h": b"1"})

    asyncio.run(story())


def test_a_stream_that_is_nearly_full_is_not_fetched_for_until_it_has_room() -> None:
    async def story() -> list[str]:
        worker = Worker(room=10)
        for offset in range(10):
            await worker.give(offset)
        waiting = asyncio.ensure_future(worker.give(10))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert [worker.queue.get_nowait().message.offset for _ in range(7)] == list(range(7))
        await waiting
        assert worker.queue.qsize() == 4
        return worker.told

    told = asyncio.run(story())
    assert told[:2] == ["waits", "full"] and told[-1] == "room"


def test_nothing_is_handed_over_while_partitions_move() -> None:
    async def story() -> None:
        worker = Worker(room=10)
        worker.flow.suspend()
        waiting = asyncio.ensure_future(worker.give(0))
        await asyncio.sleep(0)
        assert not waiting.done() and worker.queue.qsize() == 0
        worker.flow.resume()
        await waiting
        assert worker.queue.qsize() == 1

    asyncio.run(story())


def test_a_rebalance_while_a_record_waits_for_room_ends_the_waiting_and_nothing_else() -> None:
    """Faust clears its queues then, which cancels who waits; the record will be fetched again."""

    async def story() -> None:
        worker = Worker(room=1)
        await worker.give(0)
        waiting = asyncio.ensure_future(worker.give(1))
        for _ in range(2):  # the waiting, and what waits in it
            await asyncio.sleep(0)
        assert len(worker.queue._putters) == 1
        worker.flow.suspend()
        worker.flow.clear()
        await waiting
        assert worker.queue.qsize() == 0

    asyncio.run(story())


@pytest.mark.parametrize(("value_type", "ours"), [(bytes, True), (str, False)])
def test_streams_of_other_types_are_fausts(value_type: type, ours: bool) -> None:
    async def story() -> str:
        return repr(Worker(room=1, value_type=value_type).hand)

    assert ("_to.<locals>.on_message" in asyncio.run(story())) is ours


def test_a_worker_hands_over_by_it(tmp_path: Path) -> None:
    async def story() -> bool:
        settings = Settings(brokers="127.0.0.1:1", data_dir=tmp_path)
        app = bootstrap.build(settings, Metrics(), LexiconScorer())
        assert {"cx.transcripts", "cx.signals", "cx.customers"}.isdisjoint(app.seldom_topics)
        return isinstance(app.topics, ToStreams)

    assert asyncio.run(story())
