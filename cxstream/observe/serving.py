"""`/metrics` for Prometheus, `/healthz` and `/readyz` for a supervisor: one port, from a thread of its own.

It answers while the event loop hangs, and says so. 200 means alive, or ready; 503 the opposite. The body
is one JSON object: phase, alive, ready, why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from cxstream.errors import SettingsError


class Condition(Protocol):
    """How the process is (`engine.life.Condition`)."""

    @property
    def phase(self) -> str:
        """What it is doing."""

    @property
    def alive(self) -> bool:
        """False: start it anew."""

    @property
    def ready(self) -> bool:
        """False: it does no work at the moment."""

    @property
    def why(self) -> str:
        """What is wrong, or nothing."""


Start = Callable[[str, list[tuple[str, str]]], object]


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the parent's name
        """A scrape every few seconds is nothing to log."""


def serve(
    registry: CollectorRegistry,
    host: str,
    port: int,
    condition: Callable[[], Condition] | None = None,
) -> int:
    """Begin to serve; returns the port (0 asks for a free one).

    Raises `SettingsError` when the port is taken, as by a second worker on this machine.
    """
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if condition is None or path not in ("/healthz", "/readyz"):
            return metrics(environ, start)  # type: ignore[no-any-return]
        now = condition()
        well = now.alive if path == "/healthz" else now.ready
        body = {"phase": now.phase, "alive": now.alive, "ready": now.ready, "why": now.why}
        start(
            "200 OK" if well else "503 Service Unavailable", [("Content-Type", "application/json")]
        )
        return [json.dumps(body).encode() + b"\n"]

    try:
        server = make_server(host, port, answer, ThreadingWSGIServer, handler_class=_Quiet)
    except OSError as error:
        raise SettingsError(
            f"metrics_port {port} on {host} cannot be served ({error.strerror}): give another with"
            " --metrics-port or CXSTREAM_METRICS_PORT; 0 takes a free one"
        ) from error
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return int(server.server_port)
