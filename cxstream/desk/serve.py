"""Serves the application until a signal comes, then lets what is in hand finish."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from fastapi import FastAPI

from cxstream.errors import EngineError, SettingsError

_log = logging.getLogger(__name__)

_SEND_BUFFER_BYTES = 256 * 1024
_UNREAD_FOR_MS = 30_000


class _Server(uvicorn.Server):
    """uvicorn without its signal handling, which ends the process by the signal after a clean stop."""

    def __init__(self, config: uvicorn.Config, closing: Sequence[Callable[[], None]]) -> None:
        super().__init__(config)
        self._closing = closing

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the live streams first, or the wait for requests in hand would be in vain."""
        for close in self._closing:
            close()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises `SettingsError` when it can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # connections inherit these: what a reader who does not read may hold up, and for how long
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_FOR_MS)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"desk_port {port} on {host} cannot be served ({error.strerror}): give another with"
            " --port or CXSTREAM_DESK_PORT; 0 takes a free one"
        ) from error
    return listening


def server_of(
    app: FastAPI, *, drain_s: float = 20.0, frame_max_bytes: int = 2**20
) -> uvicorn.Server:
    """The server of an application, not started; `frame_max_bytes` bounds a WebSocket frame."""
    return _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=frame_max_bytes,
            timeout_graceful_shutdown=round(drain_s),
        ),
        getattr(app.state, "closing", ()),
    )


async def serve(app: FastAPI, listening: socket.socket, *, drain_s: float) -> None:
    """Serve until SIGTERM or SIGINT; requests in hand get `drain_s` seconds to finish.

    Raises `EngineError` when a service could not start (its own message stands in the log).
    """
    server = server_of(app, drain_s=drain_s)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    host, port = listening.getsockname()[:2]
    _log.info("desk on http://%s:%s", f"[{host}]" if ":" in host else host, port)
    try:
        await server.serve(sockets=[listening])
    except SystemExit as error:  # what uvicorn does when start-up fails
        raise EngineError("the desk could not start; the log says why") from error
    if not server.started:
        raise EngineError("the desk could not start; the log says why")
    _log.info("desk closed")
