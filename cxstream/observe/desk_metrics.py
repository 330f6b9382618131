"""Prometheus metrics of the desk; implements `desk.ports.DeskObserver`.

Labels come from bounded sets: connectors that are configured, reasons, kinds of masks.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class DeskMetrics:
    """Counts what the desk does, in a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        r = self.registry
        self._records = Counter(
            "cxstream_desk_records",
            "Records that came in, by connector and whether they were accepted, else why not",
            ["connector", "outcome"],
            registry=r,
        )
        self._rejected = Counter(
            "cxstream_desk_rejected_deliveries",
            "Whole deliveries refused, by connector and HTTP status",
            ["connector", "status"],
            registry=r,
        )
        self._redactions = Counter(
            "cxstream_desk_redactions", "Personal data masked at the door", ["kind"], registry=r
        )
        self._written = Histogram(
            "cxstream_desk_write_seconds",
            "Seconds from a record being read to Kafka having it",
            buckets=_BUCKETS,
            registry=r,
        )
        self._sockets = Gauge("cxstream_desk_ingest_sockets", "Ingest sockets open", registry=r)

    def received(self, connector: str, outcome: str) -> None:
        """A record was accepted, or refused for a reason."""
        self._records.labels(connector, outcome).inc()

    def rejected(self, connector: str, status: int) -> None:
        """A whole delivery was refused."""
        self._rejected.labels(connector, str(status)).inc()

    def redacted(self, kind: str, count: int) -> None:
        """Something personal was masked."""
        self._redactions.labels(kind).inc(count)

    def written_after(self, seconds: float) -> None:
        """Kafka has a record."""
        self._written.observe(seconds)

    def sockets(self, change: int) -> None:
        """An ingest socket was opened or closed."""
        self._sockets.inc(change)

    def page(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
