"""Live streams as Server-Sent Events: `id`, `event`, `data`, resumed by `Last-Event-ID`.

Each begins with `hello` (or with `reset`, when what was missed is no longer there), a snapshot of all that
holds; then come changes. A comment is sent after silence, so that proxies keep the line open. `bye` says why
the server ends it: the token is over, the reader was too slow, the process stops. The reader comes back with
its last id, to any process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cxstream.desk.doors import Doors
from cxstream.desk.faults import Refusal, documented
from cxstream.desk.hub import Audience, Event, Hub, Subscription
from cxstream.desk.newsroom import Newsroom, StreamObserver
from cxstream.desk.tokens import Pass

SEND_WITHIN_S = 10.0
"""A reader whose connection takes nothing for so long is cut off."""

_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # nginx would hold events back
}
_KEEPALIVE = b": still here\n\n"


class Seat:
    """A viewer's place on a stream: the subscription, and with what it begins."""

    def __init__(
        self, newsroom: Newsroom, held: Pass, stream: str, after: str | None, watched: str | None
    ) -> None:
        self.hub: Hub = newsroom.hub
        self.until_s = held.until_s
        self.name = stream
        audiences = (
            held.viewer.audiences(stream)
            if watched is None
            else (Audience(stream, held.viewer.tenant, watched),)
        )
        # no await between the subscription and the snapshot: nothing falls between the two
        self.subscription: Subscription = self.hub.subscribe(audiences, after)
        self.first: Event | None = None
        reset = self.subscription.reset
        if reset is not None:
            reason = "new" if after is None else reset
            data = (
                newsroom.snapshot(held.viewer, stream, reason)
                if watched is None
                else newsroom.conversation(held.viewer, watched, reason)
            )
            kind = "hello" if after is None else "reset"
            number = int(self.hub.last_id().rpartition("-")[2])
            self.first = Event(number, kind, data or b"{}")

    def leave(self) -> None:
        """Give it back."""
        self.hub.leave(self.subscription)


class EventStream(Response):
    """Writes a seat's events until the reader leaves, is cut off, or its token is over."""

    def __init__(
        self,
        seat: Seat,
        observer: StreamObserver,
        *,
        keepalive_s: float,
        now: Callable[[], float] = time.time,
        send_within_s: float = SEND_WITHIN_S,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers(_HEADERS)
        self._seat = seat
        self._observer = observer
        self._keepalive_s = keepalive_s
        self._now = now
        self._send_within_s = send_within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it."""
        seat = self._seat
        self._observer.streams(seat.name, 1)
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                writing.result()
        except TimeoutError:
            self._observer.cut_off(seat.name)
        finally:
            seat.leave()
            self._observer.streams(seat.name, -1)
            for task in (writing, leaving):
                task.cancel()
            await asyncio.gather(writing, leaving, return_exceptions=True)

    async def _write(self, send: Send) -> None:
        seat = self._seat
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if seat.first is not None:
            await self._send(send, frame(seat.hub.id_of(seat.first.number), seat.first))
        else:
            await self._send(send, _KEEPALIVE)
        while True:
            left_s = seat.until_s - self._now()
            if left_s <= 0:
                await self._bye(send, "token")
                return
            events = await seat.subscription.take(min(self._keepalive_s, left_s))
            if seat.subscription.cut is not None:
                if seat.subscription.cut == "slow":
                    self._observer.cut_off(seat.name)
                await self._bye(send, seat.subscription.cut)
                return
            written = b"".join(frame(seat.hub.id_of(e.number), e) for e in events)
            await self._send(send, written or _KEEPALIVE)

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(self._send_within_s):
            await send({"type": "http.response.body", "body": body, "more_body": more})

    async def _bye(self, send: Send, reason: str) -> None:
        await self._send(
            send, b'event: bye\ndata: {"reason":"%b"}\n\n' % reason.encode(), more=False
        )


def frame(event_id: str, event: Event) -> bytes:
    """One event as SSE; JSON has no line breaks, so that one `data` line holds it."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id.encode(), event.kind.encode(), event.data)


async def _gone(receive: Receive) -> None:
    """Wait until the reader hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass


_LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", max_length=100, description="the id of the last event you have"),
]
_SSE: dict[int | str, dict[str, Any]] = documented(401, 403, 404, 422) | {
    200: {
        "description": "events as they come, beginning with `hello` or `reset`",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


def router(
    newsroom: Newsroom, doors: Doors, observer: StreamObserver, *, keepalive_s: float
) -> APIRouter:
    """The streams of nudges, of an agent's desktop, of the floor, and of one conversation."""
    streams = APIRouter(tags=["live"])

    def serve(held: Pass, stream: str, after: str | None, watched: str | None = None) -> Response:
        seat = Seat(newsroom, held, stream, after, watched)
        return EventStream(seat, observer, keepalive_s=keepalive_s)

    def whole(stream: str, let_in: Callable[[Request], object], summary: str) -> None:
        @streams.get(
            f"/v1/{stream}/stream",
            name=stream,
            summary=summary,
            response_class=Response,
            responses=_SSE,
        )
        async def stream_of(request: Request, last_event_id: _LastEventId = None) -> Response:
            let_in(request)
            return serve(doors.enter(request), stream, last_event_id)

    whole("nudges", doors.enter, "Nudges as they come: yours, or those of your queues")
    whole(
        "desk",
        doors.agent,
        "An agent's desktop: conversations line by line, cards, what was said before",
    )
    whole("floor", doors.supervisor, "The floor: a row a conversation, escalations, approvals")

    @streams.get(
        "/v1/conversations/{conversation_id}/stream",
        summary="One conversation, line by line",
        response_class=Response,
        responses=_SSE,
    )
    async def conversation(
        request: Request, conversation_id: str, last_event_id: _LastEventId = None
    ) -> Response:
        held = doors.enter(request)
        if newsroom.conversation(held.viewer, conversation_id, "new") is None:
            raise not_there("conversation_id")
        return serve(held, "conversation", last_event_id, conversation_id)

    return streams


def not_there(field: str) -> Refusal:
    """404: it is not there, or not for you; which of the two is not said."""
    return Refusal(404, "not_found", field, "it is over, or not yours to see")
