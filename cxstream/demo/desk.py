"""The demo on the pages: a broker, a worker and a desk in this process, and a shift that never ends."""

from __future__ import annotations

import asyncio
import secrets as randomness
import socket
import time
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer

from cxstream import bootstrap
from cxstream.bootstrap.desk import build_desk
from cxstream.bootstrap.live import tokens
from cxstream.demo import shift
from cxstream.demo.story import Story
from cxstream.desk.secrets import Secrets
from cxstream.desk.serve import serve
from cxstream.desk.tokens import Viewer
from cxstream.engine import codec
from cxstream.engine.codec import Cause
from cxstream.engine.embedded import EmbeddedBroker
from cxstream.engine.reaching import reaching
from cxstream.engine.security import Security
from cxstream.engine.topics import Topics
from cxstream.events import Transcript
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings
from cxstream.understand.scorer import Scorer

GRANTS = ("supervisor", "team_lead", "approver")
"""What the demo's supervisor may allow."""


async def run(
    settings: Settings,
    stories: Sequence[Story],
    *,
    pace: float,
    model: Scorer,
    listening: socket.socket,
    say: Callable[[str], None],
) -> None:
    """Play onto the pages until Ctrl-C; `say` gets the links."""
    with EmbeddedBroker() as broker:
        here = bootstrap.on_embedded(settings, broker.bootstrap_servers).model_copy(
            update={"expire_by_clock": False, "follow_releases": False, "overload_s": None}
        )
        await bootstrap.prepare_topics(here)
        worker = bootstrap.build(here, Metrics(), model)
        await worker.start()
        playing: asyncio.Task[None] | None = None
        try:
            await worker.ready.wait()
            signs = _made_up_secrets()
            application = build_desk(here, signs)
            for line in links(here, signs, listening.getsockname()[1]):
                say(line)
            playing = asyncio.create_task(traffic(here, stories, pace=pace))
            await serve(application, listening, drain_s=1.0)
        finally:
            if playing is not None:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)
            await worker.stop()


def links(settings: Settings, signs: Secrets, port: int) -> list[str]:
    """What to open, with tokens that hold for the demo."""
    issue = tokens(settings, signs).issue
    floor, _ = issue(Viewer("s-kim", "supervisor", shift.TENANT, queues=("*",), grants=GRANTS))
    lines = [f"supervisor  http://127.0.0.1:{port}/floor#{floor}"]
    for agent in shift.SEATS[:3]:
        token, _ = issue(Viewer(agent, "agent", shift.TENANT))
        lines.append(f"agent       http://127.0.0.1:{port}/agent#{token}")
    return lines


def _made_up_secrets() -> Secrets:
    names = ("CXSTREAM_SECRET_INGEST", "CXSTREAM_SECRET_DESK")
    return Secrets(environ={name: randomness.token_urlsafe(32) for name in names})


async def traffic(settings: Settings, stories: Sequence[Story], *, pace: float) -> None:
    """Play the stories onto `cx.transcripts` again and again, as if they happened now, until cancelled.

    Each round is other conversations of the same customers. Raises `EngineError` when no broker answers.
    """
    topic = Topics(settings.topic_prefix).transcripts
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.brokers, **Security.of(settings).for_aiokafka()
    )
    with reaching(settings.brokers):
        await producer.start()

    async def send(record: Transcript) -> None:
        key = record.conversation_id
        sent_ms = time.time_ns() // 1_000_000
        await producer.send_and_wait(
            topic,
            codec.encode(record),
            key=key.encode(),
            headers=codec.headers(record, key, Cause(sent_ms)),
        )

    try:
        await shift.play(stories, send, pace=pace, clock_ms=lambda: time.time_ns() // 1_000_000)
    finally:
        await producer.stop()
