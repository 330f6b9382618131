"""Trace context in headers: what is sound goes on, what is not harms nobody; spans of records and batches."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cxstream.bootstrap.tracing import wanted
from cxstream.engine import codec
from cxstream.engine.batch_spans import BatchSpans
from cxstream.engine.codec import Cause, Place
from cxstream.engine.tracing import carried, reading, sending
from cxstream.errors import SettingsError
from cxstream.events import Control, ControlKind, Trace
from cxstream.execute import http
from cxstream.observe.tracing import OtelTracer

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
RECORD = Control(conversation_id="c-1", type=ControlKind.HOLD)


def message(offset: int, headers: codec.Headers | None) -> Any:
    """What Faust hands an agent."""
    told = SimpleNamespace(
        topic="cx.transcripts", partition=0, offset=offset, headers=headers, timestamp=1.0
    )
    return SimpleNamespace(message=told)


@pytest.fixture
def spans() -> tuple[OtelTracer, InMemorySpanExporter]:
    """A tracer, and where its spans end up when it is closed."""
    exporter = InMemorySpanExporter()
    return OtelTracer("test", {}, exporter), exporter


def ids(span: ReadableSpan) -> tuple[str, str]:
    assert span.context is not None
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"


def parent_of(span: ReadableSpan) -> str:
    return f"{span.parent.span_id:016x}" if span.parent else ""


@pytest.mark.parametrize(
    "header",
    [
        PARENT.upper(),
        PARENT[:-1],
        PARENT + "-01",
        PARENT.replace(TRACE, "0" * 32),
        PARENT.replace(SPAN, "0" * 16),
        "ff" + PARENT[2:],
        PARENT.replace("4", "g"),
        "",
        "\x00",
        None,
        17,
        b"\xff\xfe",
    ],
)
def test_what_is_malformed_is_not_there(header: object) -> None:
    assert Trace.read({"traceparent": header}) is None


def test_what_is_sound_goes_on_as_it_came() -> None:
    for parent in (PARENT, PARENT.encode(), "01" + PARENT[2:] + "-what-comes-later"):
        found = Trace.read({"traceparent": parent, "tracestate": "vendor=1,other=x"})
        assert found is not None
        assert dict(found.headers()) == {"traceparent": PARENT, "tracestate": "vendor=1,other=x"}
    for state in ("x" * 513, "line\nbreak", b"\xff"):
        found = Trace.read({"traceparent": PARENT, "tracestate": state})
        assert found is not None and found.state == ""
    shared = Trace.read({"traceparent": PARENT}, shared=True)
    assert shared is not None and dict(shared.headers()) == {}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["traceparent", "tracestate", codec.SENT, "ce_id"]),
            st.none() | st.binary(max_size=80) | st.just(b"9" * 5000),
        )
    )
)
def test_no_header_stops_a_record(headers: list[Any]) -> None:
    cause = codec.cause(headers, 2.5)
    assert cause.sent_ms >= 0
    assert dict(codec.headers(RECORD, "c-1", cause))[codec.SENT].isdigit()


def test_headers_tell_the_time_and_the_trace() -> None:
    cause = Cause(1234, Trace(TRACE, SPAN))
    assert codec.cause(codec.headers(RECORD, "c-1", cause), 0.0) == cause
    assert "traceparent" not in dict(codec.headers(RECORD, "c-1", Cause(1234)))


def test_a_batch_is_a_trace_a_record_linked_both_ways(
    spans: tuple[OtelTracer, InMemorySpanExporter],
) -> None:
    tracer, exporter = spans
    traced = codec.headers(RECORD, "c-1", Cause(1, Trace(TRACE, SPAN)))
    batch = [message(0, traced), message(1, None), message(2, [("traceparent", b"nonsense")])]
    told = BatchSpans(tracer, "conversations", batch)
    carry = [told.cause(event).trace for event in batch]
    told.fail(batch[2], "not_json")
    told.end()
    tracer.close()
    *records, whole = exporter.get_finished_spans()
    assert [span.name for span in records] == ["conversations"] * 3
    assert [ids(span) for span in records] == [(t.trace_id, t.span_id) for t in carry if t]
    assert ids(records[0])[0] == TRACE and parent_of(records[0]) == SPAN
    assert len({ids(span)[0] for span in (*records, whole)}) == 4, "each its own trace"
    linked = {f"{link.context.trace_id:032x}" for link in whole.links}
    assert linked == {ids(span)[0] for span in records}
    for span in records:
        assert [f"{link.context.trace_id:032x}" for link in span.links] == [ids(whole)[0]]
    assert [span.status.is_ok for span in records] == [True, True, False]
    assert dict(records[2].attributes or {})["error.type"] == "not_json"
    assert dict(records[0].attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": "cx.transcripts",
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "cloudevents.event_type": "cx.control.v1",
        "cloudevents.event_id": dict(traced)["ce_id"].decode(),
    }


def test_one_record_alone_has_no_batch(spans: tuple[OtelTracer, InMemorySpanExporter]) -> None:
    tracer, exporter = spans
    BatchSpans(tracer, "customers", [message(0, None)]).end()
    tracer.close()
    (span,) = exporter.get_finished_spans()
    assert not span.links


def test_without_a_tracer_what_came_goes_on() -> None:
    event = message(0, [("traceparent", PARENT.encode())])
    told = BatchSpans(None, "customers", [event])
    told.fail(event, "not_json")
    told.end()
    assert told.cause(event).trace == Trace(TRACE, SPAN)
    headers, span = sending(None, "cx.outcomes", "c-1", RECORD, Cause(1, Trace(TRACE, SPAN)))
    assert span is None and dict(headers)["traceparent"] == PARENT.encode()


def test_what_a_task_does_meanwhile_is_below_its_span(
    spans: tuple[OtelTracer, InMemorySpanExporter],
) -> None:
    tracer, exporter = spans
    headers = [("traceparent", PARENT.encode())]
    for maker, span_id in ((tracer, None), (None, SPAN)):
        with reading(maker, "executor", Place("cx.actions", 0, 7), headers) as span:
            sent = carried(headers, 5)
            assert sent.trace is not None and sent.sent_ms == 5
            assert sent.trace.trace_id == TRACE
            assert sent.trace.span_id == (span_id or (span.trace.span_id if span else ""))
            assert http._trace()["traceparent"].startswith(f"00-{TRACE}-{sent.trace.span_id}")
    assert http._trace() == {}
    tracer.close()
    (span_made,) = exporter.get_finished_spans()
    assert parent_of(span_made) == SPAN


def test_what_comes_with_others_begins_a_trace_linked_to_theirs(
    spans: tuple[OtelTracer, InMemorySpanExporter],
) -> None:
    tracer, exporter = spans
    cause = Cause(1, Trace(TRACE, SPAN, shared=True))
    headers, span = sending(tracer, "cx.transcripts", "c-1", RECORD, cause)
    assert span is not None
    span.end()
    tracer.close()
    (made,) = exporter.get_finished_spans()
    assert made.parent is None and made.name == "send cx.transcripts"
    assert [f"{link.context.trace_id:032x}" for link in made.links] == [TRACE]
    assert Trace.read(dict(headers)) == span.trace


def test_what_the_sender_does_not_sample_is_not_sampled(
    spans: tuple[OtelTracer, InMemorySpanExporter],
) -> None:
    tracer, exporter = spans
    headers, span = sending(
        tracer, "cx.transcripts", "c-1", RECORD, Cause(1, Trace(TRACE, SPAN, flags="00"))
    )
    assert span is not None
    span.end()
    tracer.close()
    assert exporter.get_finished_spans() == ()
    assert dict(headers)["traceparent"].endswith(b"-00")


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "desk"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
    ],
)
def test_only_opentelemetrys_own_variables_turn_it_on(environ: dict[str, str], on: bool) -> None:
    assert wanted(environ) is on


@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_TRACES_EXPORTER": "zipkin"},
        {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
)
def test_what_cannot_be_done_is_said(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="OTEL_"):
        wanted(environ)
