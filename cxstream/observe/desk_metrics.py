"""Prometheus metrics of the desk; implements the desk's observers and `execute.transport.CallObserver`.

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

        self._streams = Gauge(
            "cxstream_desk_streams", "Live streams open, by stream", ["stream"], registry=r
        )
        self._cut_off = Counter(
            "cxstream_desk_readers_cut_off", "Readers too slow to wait for", ["stream"], registry=r
        )
        self._told = Counter(
            "cxstream_desk_events", "Events published to live streams", ["kind"], registry=r
        )
        self._calls = Histogram(
            "cxstream_desk_webhook_seconds",
            "Seconds of a try to post to an endpoint, and how it ended",
            ["service", "outcome"],
            buckets=_BUCKETS,
            registry=r,
        )
        self._resting = Gauge(
            "cxstream_desk_webhook_resting",
            "1 while an endpoint has failed often and is left alone",
            ["service"],
            registry=r,
        )
        self._answered = Counter(
            "cxstream_desk_answers", "What people answered", ["kind"], registry=r
        )
        self._unreadable = Counter(
            "cxstream_desk_unreadable_records",
            "Records of tailed topics that could not be read",
            registry=r,
        )

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

    def streams(self, name: str, change: int) -> None:
        """A stream was opened or closed."""
        self._streams.labels(name).inc(change)

    def cut_off(self, name: str) -> None:
        """A reader was too slow."""
        self._cut_off.labels(name).inc()

    def told(self, kind: str) -> None:
        """An event was published."""
        self._told.labels(kind).inc()

    def answered(self, kind: str) -> None:
        """A person answered."""
        self._answered.labels(kind).inc()

    def unreadable(self) -> None:
        """A record could not be read."""
        self._unreadable.inc()

    def called(self, service: str, outcome: str, seconds: float) -> None:
        """A try to post ended."""
        self._calls.labels(service, outcome).observe(seconds)

    def rests(self, service: str, resting: bool) -> None:
        """An endpoint is left alone for a while, or is asked again."""
        self._resting.labels(service).set(resting)

    def page(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
