"""Prometheus metrics of calls to other systems; implements `execute.transport.CallObserver`.

`service` is a name from the configuration, `outcome` is `ok` or a `DeliveryError`'s reason: both bounded.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class CallMetrics:
    """Counts tries, how long they took, and which systems are left alone."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "cxstream_calls",
            "Tries of calls to other systems, by what came of them",
            ["service", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "cxstream_call_seconds",
            "Seconds a try took",
            ["service"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._resting = Gauge(
            "cxstream_call_breaker_open",
            "1 while a system has failed often and is left alone",
            ["service"],
            registry=registry,
        )

    def called(self, service: str, outcome: str, seconds: float) -> None:
        """One try ended."""
        self._calls.labels(service, outcome).inc()
        self._seconds.labels(service).observe(seconds)

    def rests(self, service: str, resting: bool) -> None:
        """A system is left alone for a while, or is asked again."""
        self._resting.labels(service).set(resting)
