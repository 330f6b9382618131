"""A desk without Kafka: what would be written stands in a list."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Mapping
from pathlib import Path

import httpx
from fastapi import APIRouter, FastAPI

from cxstream.desk import connect, documents, fragments, health, stream
from cxstream.desk.app import build_app
from cxstream.desk.endpoints import Endpoints
from cxstream.desk.gate import Gate
from cxstream.desk.guard import Guard
from cxstream.desk.intake import Intake
from cxstream.desk.keys import FetchedKeys
from cxstream.desk.replays import Replays
from cxstream.desk.secrets import Secrets
from cxstream.desk.serve import listen, server_of
from cxstream.engine.topics import Topics
from cxstream.errors import EngineError
from cxstream.events import Trace, Transcript
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.desk_metrics import DeskMetrics

TOKEN = "a-token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NOW_MS = 1_780_000_000_000
BODY_MAX = 64 * 1024


class Kept:
    """A writer that keeps what it is given; `refuses` makes it behave as if Kafka did not answer."""

    def __init__(self) -> None:
        self.records: list[Transcript] = []
        self.traces: list[Trace | None] = []
        self.refuses = False

    async def write(self, record: Transcript, trace: Trace | None = None) -> Awaitable[None]:
        """Keep it, at once."""
        if self.refuses:
            raise EngineError("no Kafka here")
        self.records.append(record)
        self.traces.append(trace)
        return _done()

    async def trouble(self) -> str | None:
        """As it behaves."""
        return "no broker answers" if self.refuses else None


async def _done() -> None:
    pass


class Desk:
    """The application with its parts at hand."""

    def __init__(
        self,
        folder: Path | None = None,
        connectors: Path | None = None,
        secrets: Mapping[str, str] | None = None,
        body_max: int = BODY_MAX,
    ) -> None:
        self.now_ms = NOW_MS
        held = {"ingest": TOKEN, **(secrets or {})}
        environ = {Secrets.variable(name): secret for name, secret in held.items()}
        self.secrets = Secrets(folder, environ=environ)
        self.metrics = DeskMetrics()
        self.written = Kept()
        self.intake = Intake(
            writer=self.written,
            redactor=PatternRedactor(),
            observer=self.metrics,
            clock_ms=lambda: self.now_ms,
        )
        self.gate = Gate(
            endpoints=Endpoints(connectors),
            secrets=self.secrets,
            keys=FetchedKeys(
                httpx.MockTransport(lambda _: httpx.Response(200, text='{"keys": []}'))
            ),
            clock_ms=lambda: self.now_ms,
        )
        self.app = build_app(routers=self.routers(), body_max_bytes=body_max)

    def routers(self) -> list[APIRouter]:
        """As `bootstrap.desk` lists them."""
        return [
            fragments.router(self.intake, Guard(self.secrets)),
            stream.router(self.intake, Guard(self.secrets)),
            connect.router(self.intake, self.gate),
            documents.router(Topics("cx.").by_role(), "localhost:9092"),
            health.router({"kafka": self.written}, self.metrics.page),
        ]

    def forget_signatures(self) -> None:
        """As after a restart."""
        self.gate._replays = Replays()

    def client(self) -> httpx.AsyncClient:
        """Speaks to the application in this process."""
        return client_of(self.app)


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """An HTTP client whose network is a function call."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.test")


@contextlib.asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[str]:
    """The application on a port of its own; gives its address."""
    async with serving_app(desk.app) as url:
        yield url


@contextlib.asynccontextmanager
async def serving_app(app: FastAPI) -> AsyncIterator[str]:
    """Any application on a port of its own."""
    server = server_of(app)
    listening = listen("127.0.0.1", 0)
    serve = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serve
