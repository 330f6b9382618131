"""Traces as OpenTelemetry knows them, sent by OTLP over HTTP; set up by OpenTelemetry's own variables.

Spans are batched and sent by a thread of its own; what the collector does not take in time is dropped, and
no record waits for it. The sampler is `OTEL_TRACES_SAMPLER`'s, by default all that the parent's does not
exclude. Only `bootstrap` imports this file: the packages are an extra (`pip install 'cxstream[otel]'`).

Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final, Literal

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace.span import TraceState

from cxstream.events import Trace

_KINDS: Final = {
    "producer": otel.SpanKind.PRODUCER,
    "consumer": otel.SpanKind.CONSUMER,
    "internal": otel.SpanKind.INTERNAL,
}
_CLOSE_S: Final = 2.0
"""The last spans may take so long; a collector that hangs does not hold up the exit."""


class OtelSpan:
    """See `engine.tracing.Span`."""

    __slots__ = ("_span", "trace")

    def __init__(self, span: otel.Span) -> None:
        self._span = span
        context = span.get_span_context()
        self.trace = Trace(
            otel.format_trace_id(context.trace_id),
            otel.format_span_id(context.span_id),
            f"{context.trace_flags:02x}",
            context.trace_state.to_header() if context.trace_state else "",
        )

    def link(self, trace: Trace) -> None:
        """See `engine.tracing.Span`."""
        self._span.add_link(_context(trace))

    def fail(self, reason: str) -> None:
        """See `engine.tracing.Span`."""
        self._span.set_attribute("error.type", reason)
        self._span.set_status(otel.Status(otel.StatusCode.ERROR))

    def end(self) -> None:
        """See `engine.tracing.Span`."""
        self._span.end()


class OtelTracer:
    """See `engine.tracing.Tracer`. `service` names the process where `OTEL_SERVICE_NAME` does not."""

    def __init__(
        self, service: str, environ: Mapping[str, str], exporter: SpanExporter | None = None
    ) -> None:
        named = {} if environ.get("OTEL_SERVICE_NAME") else {"service.name": service}
        self._provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("cxstream")

    def span(
        self,
        name: str,
        kind: Literal["producer", "consumer", "internal"],
        parent: Trace | None,
        facts: Mapping[str, str | int],
    ) -> OtelSpan:
        """See `engine.tracing.Tracer`."""
        above, links = Context(), []
        if parent is not None and parent.shared:
            links = [otel.Link(_context(parent))]
        elif parent is not None:
            above = otel.set_span_in_context(otel.NonRecordingSpan(_context(parent)), above)
        return OtelSpan(
            self._tracer.start_span(
                name, context=above, kind=_KINDS[kind], attributes=dict(facts), links=links
            )
        )

    def close(self) -> None:
        """Send what is left, for at most two seconds."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_CLOSE_S)


def _context(trace: Trace) -> otel.SpanContext:
    return otel.SpanContext(
        int(trace.trace_id, 16),
        int(trace.span_id, 16),
        is_remote=True,
        trace_flags=otel.TraceFlags(int(trace.flags, 16)),
        trace_state=TraceState.from_header([trace.state]) if trace.state else None,
    )
