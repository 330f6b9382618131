"""Prometheus metrics of the ledger: where actions and promises stand, and which are late."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class LedgerMetrics:
    """Counts what the ledger is told; a part of the worker's `Metrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ledger = Counter(
            "cxstream_ledger",
            "Actions and promises that came to a state",
            ["kind", "state"],
            registry=registry,
        )
        self._ledger_refused = Counter(
            "cxstream_ledger_refused",
            "Steps that the ledger does not allow, by reason",
            ["reason"],
            registry=registry,
        )
        self._late = Counter(
            "cxstream_late",
            "Actions and promises that did not stand in time",
            ["kind", "what"],
            registry=registry,
        )

    def ledger(self, kind: str, state: str) -> None:
        """An action or promise has come to a state."""
        self._ledger.labels(kind, state).inc()

    def ledger_refused(self, reason: str) -> None:
        """A step that the ledger does not allow."""
        self._ledger_refused.labels(reason).inc()

    def late(self, kind: str, what: str) -> None:
        """What was taken on, or promised, does not stand in time."""
        self._late.labels(kind, what).inc()
