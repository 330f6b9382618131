"""The spans of a micro-batch: each record in its own trace, and what they share linked to all of them."""

from __future__ import annotations

from collections.abc import Sequence

from faust.types import EventT

from cxstream.engine import codec
from cxstream.engine.codec import Cause, Place, place_of
from cxstream.engine.tracing import Span, Tracer, read_facts


class BatchSpans:
    """The spans of one batch: one a record, below what sent it, and one for all where there are several."""

    def __init__(self, tracer: Tracer | None, stage: str, events: Sequence[EventT]) -> None:
        self._spans: dict[Place, Span] = {}
        self._whole: Span | None = None
        if tracer is None:
            return
        if len(events) > 1:
            facts = {"messaging.batch.message_count": len(events)}
            self._whole = tracer.span(f"{stage} batch", "internal", None, facts)
        for event in events:
            message = event.message
            place = place_of(message)
            _, sent = codec.cause(message.headers, message.timestamp)
            span = tracer.span(stage, "consumer", sent, read_facts(place, message.headers))
            self._spans[place] = span
            if self._whole is not None:
                span.link(self._whole.trace)
                self._whole.link(span.trace)

    def cause(self, event: EventT) -> Cause:
        """What a record that follows from this one carries on."""
        sent = codec.cause(event.message.headers, event.message.timestamp)
        span = self._spans.get(place_of(event.message))
        return sent if span is None else sent._replace(trace=span.trace)

    def fail(self, event: EventT, reason: str) -> None:
        """A record became a dead letter."""
        span = self._spans.get(place_of(event.message))
        if span is not None:
            span.fail(reason)

    def end(self) -> None:
        """What follows from the batch is with the broker."""
        for span in self._spans.values():
            span.end()
        if self._whole is not None:
            self._whole.end()
