"""`WS /v1/fragments`: records over one connection, each acknowledged by its id once Kafka has it.

    ▶ {"id": "17", "record": {"schema": "cx.fragment.v1", ...}} ◀ {"id": "17", "accepted": true} ◀ {"id":
    "18", "accepted": false, "reason": "missing_field", "field": "$.text", "mend": "add `text`; ..."}

Answers come in the order of the frames. What has no answer when the connection breaks is sent again on the
next one. With `IN_FLIGHT_MAX` answers outstanding nothing more is read, so that a sender who is faster than
Kafka is slowed down by TCP, and one who does not read its answers stops itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from msgspec import Struct

from cxstream.desk.faults import Refusal
from cxstream.desk.guard import Guard
from cxstream.desk.intake import Answer, Intake
from cxstream.errors import UNREADABLE, RecordError
from cxstream.listen.faults import explain

IN_FLIGHT_MAX = 256

_Outstanding = asyncio.Queue[tuple[str | None, Awaitable[Answer]] | None]


class Frame(Struct):
    """What the sender sends: a record, and the id that its answer will carry."""

    id: str
    record: msgspec.Raw


_FRAME = msgspec.json.Decoder(Frame)


def read_frame(value: bytes) -> Frame:
    """A frame as it came. Raises `RecordError`."""
    try:
        return _FRAME.decode(value)
    except UNREADABLE as error:
        raise explain(error, value) from None


def router(intake: Intake, guard: Guard) -> APIRouter:
    """The endpoint; the token goes into the `Authorization` header of the upgrade."""
    stream = APIRouter()

    @stream.websocket("/v1/fragments")
    async def fragments(socket: WebSocket) -> None:
        try:
            guard.check(socket)
        except Refusal as refused:
            await deny(socket, refused)
            return
        await socket.accept()
        intake.observer.sockets(1)
        outstanding: _Outstanding = asyncio.Queue(IN_FLIGHT_MAX)
        answering = asyncio.create_task(_answer(socket, outstanding))
        try:
            await _read(socket, intake, outstanding)
        finally:
            await outstanding.put(None)
            await answering
            intake.observer.sockets(-1)

    return stream


async def deny(socket: WebSocket, refused: Refusal) -> None:
    """Answer an upgrade with a refusal instead of a connection."""
    answer = JSONResponse(refused.detail, refused.status_code, headers=dict(refused.headers or {}))
    await socket.send_denial_response(answer)


async def _read(socket: WebSocket, intake: Intake, outstanding: _Outstanding) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            value = await received(socket)
            try:
                frame = read_frame(value)
            except RecordError as why:
                told = Answer(accepted=False, reason=why.reason, field=why.field, mend=why.mend)
                await outstanding.put((None, _known(told)))
            else:
                await outstanding.put((frame.id, await intake.post(bytes(frame.record))))


async def received(socket: WebSocket) -> bytes:
    """The next frame, text or binary. Raises `WebSocketDisconnect` at the end."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code") or 1000)
    text: str | None = message.get("text")
    return text.encode("utf-8", "replace") if text is not None else message.get("bytes") or b""


async def _answer(socket: WebSocket, outstanding: _Outstanding) -> None:
    """Tell what became of each frame; after the connection is gone only wait for what is in hand."""
    gone = False
    while (next_one := await outstanding.get()) is not None:
        frame_id, pending = next_one
        answer = await pending
        told = answer.model_dump(exclude_none=True) | {"id": frame_id}
        if not gone:
            try:
                await socket.send_text(msgspec.json.encode(told).decode())
            except (WebSocketDisconnect, RuntimeError, OSError):
                gone = True


async def _known(answer: Answer) -> Answer:
    return answer
