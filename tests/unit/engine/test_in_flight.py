"""Work in flight: in order for one key; what waits for its time is in nobody else's way."""

from __future__ import annotations

import asyncio

from aiokafka import TopicPartition

from cxstream.engine.in_flight import InFlight

PLACE = TopicPartition("cx.actions", 0)


class Desk:
    """Pieces of work that write their name down when they are done."""

    def __init__(self, flying: InFlight) -> None:
        self.flying = flying
        self.morning = asyncio.Event()
        self.done: list[str] = []

    async def held(self, name: str, key: bytes) -> None:
        with self.flying.holding(PLACE, key):
            await self.morning.wait()
        self.done.append(name)

    async def now(self, name: str) -> None:
        self.done.append(name)


async def turns() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_is_held_keeps_its_customers_order_and_nobody_else_waits() -> None:
    async def story() -> None:
        flying = InFlight(2, 100)
        desk = Desk(flying)
        flying.add(PLACE, 0, b"ann", desk.held("ann 1", b"ann"))
        flying.add(PLACE, 1, b"ann", desk.now("ann 2"))
        await turns()
        assert not flying.full(), "ann's two wait, and take no room"
        flying.add(PLACE, 2, b"bob", desk.now("bob 1"))
        await turns()
        assert desk.done == ["bob 1"]
        assert flying.done() == {PLACE: 0}, "a restart brings the held one again"
        desk.morning.set()
        await turns()
        assert desk.done == ["bob 1", "ann 1", "ann 2"]
        assert flying.done() == {PLACE: 3}
        assert len(flying) == flying.busy() == 0

    asyncio.run(story())


def test_a_stop_does_not_wait_for_the_morning_and_begins_nothing_behind_it() -> None:
    async def story() -> None:
        flying = InFlight(8, 100)
        desk = Desk(flying)
        flying.add(PLACE, 0, b"bob", desk.now("bob 1"))
        flying.add(PLACE, 1, b"ann", desk.held("ann 1", b"ann"))
        flying.add(PLACE, 2, b"ann", desk.now("ann 2"))
        await turns()
        await asyncio.wait_for(flying.settle(None, within_s=3600), 5)
        assert desk.done == ["bob 1"]
        assert flying.done() == {PLACE: 1}
        flying.raise_failures()

    asyncio.run(story())


def test_who_holds_enough_reads_no_more_until_some_are_due() -> None:
    async def story() -> None:
        flying = InFlight(2, 3)
        desk = Desk(flying)
        for offset in range(3):
            assert not flying.full()
            flying.add(PLACE, offset, b"%d" % offset, desk.held(str(offset), b"%d" % offset))
            await turns()
        assert flying.full()
        assert (flying.held(), flying.busy()) == (3, 0)
        desk.morning.set()
        await turns()
        assert not flying.full()
        assert flying.held() == 0

    asyncio.run(story())
