"""Settings, models and playbooks -> a worker's application."""

from __future__ import annotations

import logging
import os
import time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cxstream.bootstrap.learning import beliefs, learning_loop, strategy
from cxstream.bootstrap.models import foresight, lighter, scorer, transformer, watch_drift
from cxstream.bootstrap.playbooks import playbooks
from cxstream.bootstrap.topics import prepare_topics, which_cluster
from cxstream.bootstrap.tracing import tracer
from cxstream.decide.released import Released
from cxstream.engine.app import CxApp, build_app
from cxstream.engine.arrivals import Arrivals
from cxstream.engine.embedded import PARTITIONS
from cxstream.engine.explaining import Explainer
from cxstream.engine.interpreter import settle
from cxstream.engine.life import Life
from cxstream.engine.origin import belongs
from cxstream.engine.place import claim
from cxstream.engine.scoring import ScoringPool
from cxstream.engine.topics import Topics
from cxstream.engine.tracing import Tracer
from cxstream.execute.promising import Promising
from cxstream.lessons.beliefs import Beliefs
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.metrics import Metrics
from cxstream.observe.serving import serve
from cxstream.pipeline import ConversationHop, CustomerHop
from cxstream.settings import Settings
from cxstream.understand.cached import CachedScorer
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.scorer import Scorer

EXPLAINED = 4096
"""Texts and words that were scored for an explanation and are kept for the next, 2 kB each."""

_log = logging.getLogger(__name__)


def on_embedded(settings: Settings, servers: str) -> Settings:
    """The settings for a run on an embedded broker of its own, whatever they say of other brokers."""
    return settings.model_copy(
        update={
            "brokers": servers,
            "embedded": True,
            "partitions": PARTITIONS,
            "security_protocol": "PLAINTEXT",
        }
    )


class Judgement(NamedTuple):
    """What decides: nothing of it needs the models."""

    beliefs: Beliefs
    released: Released
    promising: Promising


class Front(NamedTuple):
    """What a worker shows of itself: its metrics, and the phase it is in."""

    metrics: Metrics
    life: Life


def front(settings: Settings) -> Front:
    """Serve `/metrics`, `/healthz` and `/readyz`. Raises `SettingsError` when the port is taken."""
    metrics = Metrics()
    life = Life(metrics.phase)
    port = serve(metrics.registry, settings.metrics_host, settings.metrics_port, life.condition)
    _log.info("metrics and health on http://%s:%s/metrics", settings.metrics_host, port)
    return Front(metrics, life)


def judgement(settings: Settings) -> Judgement:
    """Read the playbooks and all that deciding needs. Raises `CxError` for what cannot be read."""
    known = beliefs(settings)
    return Judgement(
        known,
        Released(playbooks(settings), lambda books: strategy(settings, books, known)),
        Promising(ZoneInfo(settings.time_zone)).warm(),
    )


def build(
    settings: Settings,
    metrics: Metrics,
    model: Scorer | None = None,
    life: Life | None = None,
    arrivals: Arrivals | None = None,
    spans: Tracer | None = None,
    judges: Judgement | None = None,
) -> CxApp:
    """A worker's application, ready to start; `model` and `judges` spare making them twice in one process."""
    model = scorer(settings, metrics) if model is None else model  # an empty cache is false
    watch_drift(settings, metrics, model)
    redactor = PatternRedactor()
    known, released, promising = judges or judgement(settings)
    pool = ScoringPool(
        model, LexiconScorer(), deadline_s=settings.score_deadline_s, lighter=lighter(model)
    )
    app = build_app(
        settings,
        topics=Topics(settings.topic_prefix),
        conversation_hop=ConversationHop(
            redactor=redactor,
            foresight=foresight(settings),
            observer=metrics,
            lateness_ms=settings.allowed_lateness_s * 1000,
        ),
        customer_hop=CustomerHop(
            decider=released,
            observer=metrics,
            learning=learning_loop(settings, metrics, known),
            promising=promising,
        ),
        pool=pool,
        # behind a light model stands the transformer that it repeats; that one explains, and half of what it
        # is asked are single words, which come again
        explainer=Explainer(
            CachedScorer(transformer(model), most=EXPLAINED), deadline_s=settings.explain_deadline_s
        ),
        redactor=redactor,
        observer=metrics,
        released=released if settings.follow_releases else None,
        beliefs=known if settings.learning == "on" and settings.beliefs is None else None,
        life=life,
        arrivals=arrivals,
        tracer=spans,
    )
    settle()
    return app


def working(
    settings: Settings,
    shown: Front,
    model: Scorer | None = None,
    judges: Judgement | None = None,
) -> CxApp:
    """The application of a worker process: when it starts it takes its place and checks its topics."""
    place = None
    if not settings.embedded:
        place = claim(settings.data_dir, settings.app_id)
        named = settings.instance_id or place.name
        settings = settings.model_copy(update={"instance_id": named})
    spans = tracer("cxstream-worker", os.environ)
    app = build(settings, shown.metrics, model, shown.life, Arrivals(time.time), spans, judges)
    app.place = place  # open, and ours, as long as the application is there

    async def prepare() -> None:
        await prepare_topics(settings)
        if place is not None and settings.on_disk:
            belongs(place.folder, await which_cluster(settings))

    app.prepare = prepare
    return app


def faust_app() -> CxApp:
    """The application for Faust's own command line, from the environment's settings."""
    settings = Settings()
    return working(settings, front(settings))
