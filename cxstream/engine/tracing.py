"""Spans of what happens to records, for who follows one fragment through every process.

    desk: send ─▶ cx.transcripts ─▶ conversations ─▶ cx.signals ─▶ customers ─▶ cx.nudges ─▶ desk: deliver

A record carries the span that made it in its headers; who reads it begins a span below that one. So a
fragment, what it meant, what was decided and what was done about it are one trace. Where records share a
batch, the batch has a trace of its own, linked with each of theirs.

A span holds where its record lies (topic, partition, offset), its type and its id: nothing that anybody said,
no customer, no conversation. Without a tracer nothing is made, and what came in the headers goes on in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, Protocol

from msgspec import Struct

from cxstream.engine import codec
from cxstream.engine.codec import Cause, Headers, Place
from cxstream.events import Trace
from cxstream.events.trace import CURRENT

Kind = Literal["producer", "consumer", "internal"]
Facts = Mapping[str, str | int]


class Span(Protocol):
    """Something that takes time."""

    trace: Trace
    """What follows from it refers to it by this."""

    def link(self, trace: Trace) -> None:
        """It has to do with another one, in another trace."""

    def fail(self, reason: str) -> None:
        """It did not go well; `reason` is one of our words, never a message that quotes a record."""

    def end(self) -> None:
        """It is over."""


class Tracer(Protocol):
    """Who makes spans; implemented by `observe.tracing`, and None where nobody asked for traces."""

    def span(self, name: str, kind: Kind, parent: Trace | None, facts: Facts) -> Span:
        """Begin a span; without a parent, or below a shared one, it begins a trace."""

    def close(self) -> None:
        """Send what is left; takes two seconds at most."""


@contextmanager
def reading(
    tracer: Tracer | None, name: str, place: Place, headers: Headers
) -> Iterator[Span | None]:
    """The span of one record that this task deals with; what it sends meanwhile, it sends below that."""
    trace = Trace.read(dict(headers))
    span = None
    if tracer is not None:
        span = tracer.span(name, "consumer", trace, read_facts(place, headers))
    before = CURRENT.set(span.trace if span else trace)
    try:
        yield span
    finally:
        CURRENT.reset(before)
        if span:
            span.end()


def carried(headers: Headers, timestamp_ms: int) -> Cause:
    """What a record carries on from the message that this task deals with."""
    sent = codec.cause(headers, timestamp_ms / 1000)
    return sent._replace(trace=CURRENT.get() or sent.trace)


def sending(
    tracer: Tracer | None, topic: str, key: str, record: Struct, cause: Cause
) -> tuple[Headers, Span | None]:
    """The headers of a record that begins here, and the span of its being sent; the caller ends it."""
    headers = codec.headers(record, key, cause)
    if tracer is None:
        return headers, None
    span = tracer.span(f"send {topic}", "producer", cause.trace, _sent_facts(topic, headers))
    return codec.headers(record, key, cause._replace(trace=span.trace)), span


def read_facts(place: Place, headers: Mapping[str, bytes] | Headers | None) -> Facts:
    """What a span of reading says of its record."""
    return {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": place.topic,
        "messaging.destination.partition.id": str(place.partition),
        "messaging.kafka.offset": place.offset,
        **_about(dict(headers or ())),
    }


def _sent_facts(topic: str, headers: Headers) -> Facts:
    """What a span of sending says of its record."""
    return {
        "messaging.system": "kafka",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
        **_about(dict(headers)),
    }


def _about(headers: Mapping[str, bytes]) -> Facts:
    """Type and id, of records that are ours: others may put anything there."""
    if headers.get("ce_source") != b"/cxstream":
        return {}
    return {
        f"cloudevents.event_{name}": headers[f"ce_{name}"].decode("utf-8", "replace")
        for name in ("type", "id")
        if headers.get(f"ce_{name}")
    }
