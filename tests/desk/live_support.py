"""The live part of a desk without Kafka: records are put in by hand, answers stand in a list."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import msgspec
import uvicorn
from live_records import T0
from msgspec import Struct
from waiting import until_async

from cxstream.desk import journeys, live, live_socket, pages, replies, signin
from cxstream.desk.app import build_app
from cxstream.desk.doors import Doors
from cxstream.desk.floor import Floor
from cxstream.desk.guard import Guard
from cxstream.desk.hub import Hub
from cxstream.desk.newsroom import Newsroom
from cxstream.desk.secrets import Secrets
from cxstream.desk.serve import listen
from cxstream.desk.tokens import Tokens, Viewer
from cxstream.errors import EngineError
from cxstream.events import Approval, Outcome, Trace
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.desk_metrics import DeskMetrics

SIGNIN = "a-signin-secret-of-the-tests"
DESK = "a-desk-secret-of-the-tests-0123456789"
NOW_MS = T0 + 30_000

TOM = Viewer("a-1", "agent")
LENA = Viewer("a-2", "agent")
KIM = Viewer("kim", "supervisor", queues=("billing",), grants=("team_lead",))
LOU = Viewer("lou", "supervisor", queues=("cards",), grants=("team_lead",))


class KeptAnswers:
    """Keeps what people said; `refuses` makes it behave as if Kafka did not answer."""

    def __init__(self) -> None:
        self.records: list[Outcome | Approval] = []
        self.refuses = False

    async def write(self, record: Outcome | Approval, trace: Trace | None = None) -> None:
        """Keep it."""
        if self.refuses:
            raise EngineError("no Kafka here")
        self.records.append(record)


class LiveDesk:
    """The application with its parts at hand."""

    def __init__(
        self, *, keepalive_s: float = 15.0, mark: str = "m", replay: int = 64, queue: int = 256
    ) -> None:
        self.secrets = Secrets(
            environ={"CXSTREAM_SECRET_SIGNIN": SIGNIN, "CXSTREAM_SECRET_DESK": DESK}
        )
        self.metrics = DeskMetrics()
        self.kept = KeptAnswers()
        self.hub = Hub(mark, ring_size=replay, queue_max=queue)
        self.newsroom = Newsroom(
            Floor(),
            self.hub,
            writer=self.kept,
            observer=self.metrics,
            redactor=PatternRedactor(),
            clock_ms=lambda: NOW_MS,
        )
        self.tokens = Tokens(lambda: self.secrets.valid("desk"))
        doors = Doors(self.tokens)
        self.app = build_app(
            routers=[
                signin.router(self.tokens, doors, Guard(self.secrets, signin.SIGNIN)),
                live.router(self.newsroom, doors, self.metrics, keepalive_s=keepalive_s),
                live_socket.router(self.newsroom, doors, self.metrics, keepalive_s=keepalive_s),
                replies.router(self.newsroom, doors),
                journeys.router(self.newsroom, doors, None),
                pages.router(),
            ],
            closing=[self.hub.close],
            body_max_bytes=64 * 1024,
        )

    def take(self, *records: Struct) -> None:
        """Records come off the topics."""
        for record in records:
            self.newsroom.take(msgspec.json.encode(record), NOW_MS)

    def bearer(self, viewer: Viewer) -> dict[str, str]:
        """The header of a signed-in viewer."""
        return {"Authorization": f"Bearer {self.tokens.issue(viewer)[0]}"}

    def client(self) -> httpx.AsyncClient:
        """Speaks to the application in this process; not for streams, which it would gather first."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://desk.test"
        )

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """The application on a free port of this machine; gives its address."""
        listening = listen("127.0.0.1", 0)
        server = uvicorn.Server(uvicorn.Config(self.app, log_config=None, ws_max_size=65536))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await until_async(lambda: server.started, "the server")
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            self.hub.close()
            server.should_exit = True
            await serving


class Got(NamedTuple):
    """One event off a stream."""

    id: str
    kind: str
    data: Any


async def events(response: httpx.Response) -> AsyncIterator[Got]:
    """The events of a stream; a keepalive comes with the kind `comment`."""
    held = ""
    async for chunk in response.aiter_text():
        held += chunk
        while "\n\n" in held:
            block, held = held.split("\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            if "" in fields:
                yield Got("", "comment", None)
            else:
                yield Got(fields.get("id", ""), fields["event"], json.loads(fields["data"]))
