"""Settings -> the desk's application: its parts, its routers, and what runs beside the requests."""

from __future__ import annotations

import os

from fastapi import APIRouter, FastAPI

from cxstream.bootstrap.live import build_live
from cxstream.bootstrap.topics import prepare_topics
from cxstream.bootstrap.tracing import tracer
from cxstream.bootstrap.webhooks import build_webhooks
from cxstream.desk import connect, documents, fragments, health, stream
from cxstream.desk.app import build_app
from cxstream.desk.endpoints import Endpoints
from cxstream.desk.gate import Gate
from cxstream.desk.guard import INGEST, Guard
from cxstream.desk.intake import Intake
from cxstream.desk.keys import FetchedKeys
from cxstream.desk.ports import Service
from cxstream.desk.secrets import Secrets
from cxstream.engine.topics import Topics
from cxstream.engine.tracing import Tracer
from cxstream.engine.transcripts import AnswerProducer, TranscriptProducer
from cxstream.errors import SettingsError
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.desk_metrics import DeskMetrics
from cxstream.settings import Settings


class _Spans:
    """Sends the last spans when everything else has stopped."""

    def __init__(self, spans: Tracer) -> None:
        self._spans = spans

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        self._spans.close()


class _TopicsThere:
    """A service that is done when it has started: the topics are there before anything is written."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def start(self) -> None:
        await prepare_topics(self._settings)

    async def stop(self) -> None:
        pass


def build_desk(settings: Settings, secrets: Secrets | None = None) -> FastAPI:
    """The desk, ready to be served. Raises `SettingsError` when nobody could send it anything."""
    secrets = secrets or Secrets(settings.secrets_dir)
    if not secrets.valid(INGEST):
        raise SettingsError(
            f"no token for senders: set {Secrets.variable(INGEST)} (two, comma separated, while they"
            f" rotate), or write it to a file `{INGEST}` in CXSTREAM_SECRETS_DIR"
        )
    metrics = DeskMetrics()
    spans = tracer("cxstream-desk", os.environ)
    writer = TranscriptProducer(settings, spans)
    intake = Intake(writer=writer, redactor=PatternRedactor(), observer=metrics)
    gate = Gate(endpoints=Endpoints(settings.connectors_file), secrets=secrets, keys=FetchedKeys())
    services: list[Service] = [_Spans(spans)] if spans is not None else []
    services += [_TopicsThere(settings), writer]
    guard = Guard(secrets)
    live = build_live(settings, secrets, metrics, AnswerProducer(settings, writer), spans)
    routers: list[APIRouter] = [
        fragments.router(intake, guard),
        stream.router(intake, guard),
        connect.router(intake, gate),
        documents.router(Topics(settings.topic_prefix).by_role(), settings.brokers),
        health.router({"kafka": writer, **live.parts}, metrics.page),
        *live.routers,
    ]
    return build_app(
        routers=routers,
        services=[*services, *live.services, *build_webhooks(settings, secrets, metrics, spans)],
        closing=live.closing,
        body_max_bytes=settings.desk_body_max_bytes,
    )
