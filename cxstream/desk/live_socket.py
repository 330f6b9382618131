"""The nudges over a WebSocket, for desktops that already hold one: events out, answers in, on one line.

out   {"id": "...", "kind": "hello" | "reset" | "nudge" | "answered" | "gone", "data": {...}}
in    {"nudge_id": "...", "kind": "accepted" | "dismissed" | "later" | "undone" | "shown"}
out   {"kind": "noted", "data": {"nudge_id": ..., "id": ..., "state": ...}}  or  {"kind": "refused", ...}
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from cxstream.desk.doors import SUBPROTOCOL, Doors
from cxstream.desk.faults import Refusal
from cxstream.desk.hub import Event
from cxstream.desk.live import SEND_WITHIN_S, Seat
from cxstream.desk.newsroom import Newsroom, StreamObserver
from cxstream.desk.replies import Said, answer_nudge
from cxstream.desk.tokens import Pass

TOO_SLOW = 4008
TOKEN_OVER = 4001
_STOPPING = 1012
_CODES = {"slow": TOO_SLOW, "token": TOKEN_OVER, "stopping": _STOPPING}


class SaidOf(Said):
    """An answer, and which nudge it is about."""

    nudge_id: str


def router(
    newsroom: Newsroom, doors: Doors, observer: StreamObserver, *, keepalive_s: float
) -> APIRouter:
    """`WS /v1/nudges/stream?after=<last id>`."""
    sockets = APIRouter()

    @sockets.websocket("/v1/nudges/stream")
    async def nudges(socket: WebSocket, after: str | None = None) -> None:
        try:
            held = doors.enter(socket)
        except Refusal:
            await socket.close(TOKEN_OVER)
            return
        offered = socket.headers.get("sec-websocket-protocol", "")
        await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        await _Session(newsroom, held, socket, observer, keepalive_s).run(after)

    return sockets


class _Session:
    """One socket from accept to close."""

    def __init__(
        self,
        newsroom: Newsroom,
        held: Pass,
        socket: WebSocket,
        observer: StreamObserver,
        keepalive_s: float,
    ) -> None:
        self._newsroom = newsroom
        self._held = held
        self._socket = socket
        self._observer = observer
        self._keepalive_s = keepalive_s
        self._sending = asyncio.Lock()

    async def run(self, after: str | None) -> None:
        seat = Seat(self._newsroom, self._held, "nudges", after, None)
        self._observer.streams("socket", 1)
        writing = asyncio.create_task(self._write(seat))
        reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
            reason = writing.result() if writing.done() else None
        except TimeoutError:
            reason = "slow"
        finally:
            seat.leave()
            self._observer.streams("socket", -1)
            for task in (writing, reading):
                task.cancel()
            await asyncio.gather(writing, reading, return_exceptions=True)
        if reason is not None:
            if reason == "slow":
                self._observer.cut_off("socket")
            with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
                async with asyncio.timeout(1.0):
                    await self._socket.close(_CODES[reason], reason)

    async def _write(self, seat: Seat) -> str:
        """Send events until they end; why they do."""
        if seat.first is not None:
            await self._send(_event(seat.hub.id_of(seat.first.number), seat.first))
        while True:
            left_s = self._held.until_s - time.time()
            if left_s <= 0:
                return "token"
            events = await seat.subscription.take(min(self._keepalive_s, left_s))
            if seat.subscription.cut is not None:
                return seat.subscription.cut
            for event in events:
                await self._send(_event(seat.hub.id_of(event.number), event))

    async def _read(self) -> None:
        while True:
            try:
                text = await self._socket.receive_text()
            except WebSocketDisconnect:
                return
            await self._send(await self._answer(text))

    async def _answer(self, text: str) -> str:
        try:
            said = SaidOf.model_validate_json(text)
            if self._held.viewer.role != "agent":
                raise Refusal(403, "forbidden", "nudge_id", "only the agent may answer a nudge")
            noted = await answer_nudge(self._newsroom, self._held.viewer, said.nudge_id, said)
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"]) or "$"
            mend = "send nudge_id, and kind: accepted, dismissed, later, undone or shown"
            fault = {"reason": "malformed", "field": field, "mend": mend}
            return json.dumps({"kind": "refused", "data": fault})
        except Refusal as refusal:
            return json.dumps({"kind": "refused", "data": refusal.detail})
        data = {"nudge_id": said.nudge_id, **noted.model_dump()}
        return json.dumps({"kind": "noted", "data": data})

    async def _send(self, text: str) -> None:
        async with self._sending, asyncio.timeout(SEND_WITHIN_S):
            await self._socket.send_text(text)


def _event(event_id: str, event: Event) -> str:
    return f'{{"id":"{event_id}","kind":"{event.kind}","data":{event.data.decode()}}}'
