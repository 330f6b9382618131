"""Prometheus metrics of an executor; implements `engine.executor.ExecutorObserver`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from cxstream.observe.calls import CallMetrics


class ExecutorMetrics(CallMetrics):
    """Counts actions by how they ended, and the calls that they took, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        super().__init__(self.registry)
        self._carried = Counter(
            "cxstream_carried_actions",
            "Records of actions dealt with: the last state, or why left alone",
            ["action", "ended"],
            registry=self.registry,
        )
        self._flying = Gauge(
            "cxstream_actions_in_flight", "Actions being carried out", registry=self.registry
        )
        self._held = Gauge(
            "cxstream_actions_held", "Actions that wait for their time", registry=self.registry
        )
        self._dead = Counter(
            "cxstream_dead_letters",
            "Records that could not be read, or carried out",
            ["reason"],
            registry=self.registry,
        )

    def carried(self, action: str, ended: str) -> None:
        """A record of an action was dealt with."""
        self._carried.labels(action, ended).inc()

    def in_flight(self, actions: int, held: int) -> None:
        """So many actions are being carried out now, and so many wait for their time."""
        self._flying.set(actions)
        self._held.set(held)

    def dead_letter(self, reason: str) -> None:
        """A record could not be read, or carried out."""
        self._dead.labels(reason).inc()
