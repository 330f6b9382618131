"""No body is read beyond its limit, whatever its headers say of its length."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cxstream.desk.faults import Refusal


class BodyLimit:
    """ASGI middleware: a request whose body grows over `most_bytes` is answered 413."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body as it comes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most_bytes:
                mend = f"send at most {self._most_bytes} bytes in one request"
                raise Refusal(413, "too_large", "body", mend, {"Connection": "close"})
            return message

        await self._app(scope, counted, send)
