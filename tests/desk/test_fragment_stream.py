"""`WS /v1/fragments`: acknowledged by id when Kafka has it, and never read faster than that."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
import websockets
from desk_support import BEARER, Desk, serving
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cxstream.desk import stream
from cxstream.events import Trace, Transcript


def frame(number: int, **given: object) -> str:
    record = {
        "schema": "cx.fragment.v1", "conversation_id": "acme:9", "fragment_id": f"u-{number}",
        "text": f"sentence number {number}", **given,
    }  # fmt: skip
    return json.dumps({"id": str(number), "record": record})


@contextlib.asynccontextmanager
async def connected(
    desk: Desk, headers: dict[str, str] = BEARER
) -> AsyncIterator[ClientConnection]:
    async with serving(desk) as url:
        at = url.replace("http", "ws") + "/v1/fragments"
        async with websockets.connect(at, additional_headers=headers) as socket:
            yield socket


def test_each_record_is_acknowledged_by_its_id() -> None:
    desk = Desk()

    async def talk() -> list[dict[str, Any]]:
        async with connected(desk) as socket:
            await socket.send(frame(1))
            await socket.send(frame(2, text=7).encode())
            await socket.send("no json")
            await socket.send('{"record": {}}')
            await socket.send(frame(3))
            return [json.loads(await socket.recv()) for _ in range(5)]

    told = asyncio.run(talk())
    assert told[0] == {"id": "1", "accepted": True}
    assert told[1]["accepted"] is False
    assert (told[1]["id"], told[1]["field"]) == ("2", "$.text")
    assert [(t["id"], t["reason"]) for t in told[2:4]] == [
        (None, "not_json"),
        (None, "missing_field"),
    ]
    assert told[4] == {"id": "3", "accepted": True}
    assert len(desk.written.records) == 2


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer no"}])
def test_the_upgrade_is_refused_without_a_token(headers: dict[str, str]) -> None:
    async def talk() -> None:
        async with connected(Desk(), headers):
            pass

    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(talk())
    assert refused.value.response.status_code == 401


class Slow:
    """A writer whose Kafka answers when it is told to."""

    def __init__(self) -> None:
        self.taken = 0
        self.full = asyncio.Event()
        self.answers = asyncio.Event()

    async def write(self, record: Transcript, trace: Trace | None = None) -> Awaitable[None]:
        self.taken += 1
        if self.taken >= stream.IN_FLIGHT_MAX:
            self.full.set()
        return self._when_told()

    async def _when_told(self) -> None:
        await self.answers.wait()


def test_nothing_is_acknowledged_before_kafka_has_it_and_no_more_read_than_fits() -> None:
    desk = Desk()
    sent = 20 * stream.IN_FLIGHT_MAX

    async def talk() -> tuple[int, int]:
        slow = desk.intake._writer = Slow()
        async with connected(desk) as socket:

            async def send_all() -> None:
                for number in range(sent):
                    await socket.send(frame(number, text="x" * 2000))

            sending = asyncio.create_task(send_all())
            await slow.full.wait()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):  # nothing comes: no condition to wait for
                    await socket.recv()
            taken = slow.taken
            slow.answers.set()
            told = [json.loads(await socket.recv()) for _ in range(sent)]
            await sending
            assert [t["id"] for t in told] == [str(n) for n in range(sent)]
            return taken, slow.taken

    taken, in_the_end = asyncio.run(talk())
    assert taken <= stream.IN_FLIGHT_MAX + 3
    assert in_the_end == sent


def test_without_kafka_the_sender_is_told_to_send_again() -> None:
    desk = Desk()
    desk.written.refuses = True

    async def talk() -> dict[str, Any]:
        async with connected(desk) as socket:
            await socket.send(frame(1))
            told: dict[str, Any] = json.loads(await socket.recv())
            return told

    told = asyncio.run(talk())
    assert (told["id"], told["reason"]) == ("1", "unavailable")


def test_a_frame_without_end_closes_the_connection() -> None:
    async def talk() -> None:
        async with connected(Desk()) as socket:
            await socket.send("x" * 3_000_000)
            await socket.recv()

    with pytest.raises(ConnectionClosed) as closed:
        asyncio.run(talk())
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
