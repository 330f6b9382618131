"""Prometheus metrics of overload: how long records wait, and what is let go of."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class OverloadMetrics:
    """Implements `engine.overload.OverloadObserver`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._waits = Gauge(
            "cxstream_waiting_seconds",
            "How long the oldest record in hand has waited in Kafka",
            ["topic"],
            registry=registry,
        )
        self._rung = Gauge(
            "cxstream_overload_rung",
            "What is let go of: 0 nothing, 1 partials, 2 the transformer, 3 agents' scores",
            registry=registry,
        )
        self._moves = Counter(
            "cxstream_overload_moves",
            "Steps onto a rung, up or down",
            ["rung", "way"],
            registry=registry,
        )
        self._shed = Counter(
            "cxstream_shed",
            "Let go of: partials passed over, texts a lighter model answered (transformer), decisions without"
            " their words, agents' texts not scored; by the rung on which",
            ["what", "rung"],
            registry=registry,
        )

    def waits(self, topic: str, seconds: float) -> None:
        """The oldest record in hand of a topic has waited so long."""
        self._waits.labels(topic).set(seconds)

    def rung(self, before: int, now: int) -> None:
        """The worker stands on a rung of its ladder."""
        self._rung.set(now)
        if now != before:
            self._moves.labels(str(now), "up" if now > before else "down").inc()

    def shed(self, what: str, rung: str, count: int) -> None:
        """So many were let go of."""
        self._shed.labels(what, rung).inc(count)
