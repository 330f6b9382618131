"""Settings -> the live part of the desk: streams, answers, sign-in and pages."""

from __future__ import annotations

import logging
import secrets as randomness
import time
from collections.abc import Callable
from typing import NamedTuple

from fastapi import APIRouter

from cxstream.bootstrap.journeys import Journeys
from cxstream.desk import journeys, live, live_socket, pages, replies, signin
from cxstream.desk.doors import Doors
from cxstream.desk.floor import Floor
from cxstream.desk.guard import Guard
from cxstream.desk.hub import Hub
from cxstream.desk.newsroom import (
    OVERHEARD,
    ROLES,
    TOLD,
    WHOLE,
    AnswerWriter,
    Newsroom,
    StreamObserver,
)
from cxstream.desk.ports import Readiness, Service
from cxstream.desk.secrets import Secrets
from cxstream.desk.signin import DESK, SIGNIN
from cxstream.desk.tokens import Tokens
from cxstream.engine.tailing import Tail
from cxstream.engine.tracing import Tracer
from cxstream.listen.redact import PatternRedactor
from cxstream.settings import Settings

_log = logging.getLogger(__name__)


class Live(NamedTuple):
    """What the application gets of it; nothing, where no secret to sign tokens with is set."""

    routers: list[APIRouter]
    services: list[Service]
    closing: list[Callable[[], None]]
    parts: dict[str, Readiness]


def tokens(settings: Settings, secrets: Secrets) -> Tokens:
    """Who signs and reads the tokens of desktops."""
    return Tokens(
        lambda: secrets.valid(DESK), ttl_s=settings.desk_token_s, session_s=settings.desk_session_s
    )


def build_live(
    settings: Settings,
    secrets: Secrets,
    observer: StreamObserver,
    writer: AnswerWriter,
    spans: Tracer | None = None,
) -> Live:
    """The live part. Raises `SettingsError` for a secret that is too short to sign with."""
    if not secrets.valid(DESK):
        _log.info("no desktops: set %s to serve them", Secrets.variable(DESK))
        return Live([], [], [], {})
    signs = tokens(settings, secrets)
    signs.in_force()
    hub = Hub(
        randomness.token_hex(4),
        ring_size=settings.desk_replay_events,
        queue_max=settings.desk_queue_events,
    )
    newsroom = Newsroom(
        Floor(),
        hub,
        writer=writer,
        observer=observer,
        redactor=PatternRedactor(),
        clock_ms=lambda: time.time_ns() // 1_000_000,
    )
    tail = Tail(
        settings,
        ROLES,
        newsroom.take,
        lookback_s=settings.desk_lookback_s,
        whole=WHOLE,
        tracer=spans,
        traced=TOLD,
    )
    services: list[Service] = [newsroom, tail]
    if settings.desk_partials:
        services.append(Tail(settings, OVERHEARD, newsroom.overhear, lookback_s=0))
    doors = Doors(signs)
    keepalive_s = settings.desk_keepalive_s
    return Live(
        routers=[
            signin.router(signs, doors, Guard(secrets, SIGNIN)),
            live.router(newsroom, doors, observer, keepalive_s=keepalive_s),
            live_socket.router(newsroom, doors, observer, keepalive_s=keepalive_s),
            replies.router(newsroom, doors),
            journeys.router(newsroom, doors, Journeys(settings)),
            pages.router(settings.desk_embedded_in),
        ],
        services=services,
        closing=[hub.close],
        parts={"topics": tail},
    )
