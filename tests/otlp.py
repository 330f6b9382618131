"""A collector of OpenTelemetry spans on loopback: what OTLP over HTTP sends it, it keeps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Seen(NamedTuple):
    """A span as it came; ids in hex, `parent` empty for the first of a trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    facts: dict[str, str | int]
    failed: bool


class Collector:
    """What was sent so far: as bytes, and as spans."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.bodies: list[bytes] = []

    def environment(self) -> dict[str, str]:
        """Variables of a process that sends here, soon."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}

    def spans(self) -> list[Seen]:
        """Every span, in the order of arrival."""
        return [span for body in tuple(self.bodies) for span in _spans(body)]


@contextmanager
def collector() -> Iterator[Collector]:
    """A collector on a free port."""

    class Receive(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                found.bodies.append(body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receive)
    found = Collector(f"http://127.0.0.1:{server.server_port}")
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    try:
        yield found
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def _spans(body: bytes) -> Iterator[Seen]:
    for process in ExportTraceServiceRequest.FromString(body).resource_spans:
        (service,) = (
            fact.value.string_value
            for fact in process.resource.attributes
            if fact.key == "service.name"
        )
        for scope in process.scope_spans:
            for span in scope.spans:
                yield Seen(
                    service=service,
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    links=tuple(link.trace_id.hex() for link in span.links),
                    facts={
                        fact.key: fact.value.string_value or fact.value.int_value
                        for fact in span.attributes
                    },
                    failed=span.status.code == 2,
                )
