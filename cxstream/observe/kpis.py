"""Supervisors' KPIs as Prometheus metrics; definitions and queries in docs/kpis.md.

Labels are the channel (unknown ones are `other`) and words from fixed lists: nothing that grows.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, Summary

from cxstream.lessons.kpis import Ended, Judged

CHANNELS: Final = frozenset(("voice", "chat", "sms", "email", "whatsapp", "social"))
_HANDLING_S: Final = (30, 60, 120, 180, 240, 300, 420, 600, 900, 1_200, 1_800, 3_600, 7_200, 86_400)
_POINTS: Final = (0, 1, 2, 3, 4, 5, 7, 10, 15, 20)


class KpiMetrics:
    """Counts conversations that ended and contacts whose week has passed."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ended = Counter(
            "cxstream_closed_conversations",
            "Conversations that ended, by who handled them, and whether they were transferred or escalated",
            ["channel", "handled_by", "transferred", "escalated"],
            registry=registry,
        )
        self._repeats = Counter(
            "cxstream_repeat_contacts",
            "Conversations that ended and were about what the customer had come for within seven days",
            ["channel"],
            registry=registry,
        )
        self._contained = Counter(
            "cxstream_contained_conversations",
            "Conversations that a bot handled alone",
            ["channel"],
            registry=registry,
        )
        self._handling = Histogram(
            "cxstream_handling_seconds",
            "Seconds from the first word to the end, holds included, work afterwards not",
            ["channel"],
            buckets=_HANDLING_S,
            registry=registry,
        )
        self._effort = Histogram(
            "cxstream_customer_effort_points",
            "Repeats 1, holds 1, transfers 2, came back about the same 3",
            ["channel"],
            buckets=_POINTS,
            registry=registry,
        )
        self._judged = Counter(
            "cxstream_contacts_judged",
            "Contacts a week after their end: resolved, unresolved, came_back; first: not a repeat itself",
            ["channel", "result", "first"],
            registry=registry,
        )
        self._predicted = Summary(
            "cxstream_predicted_satisfaction_ratio",
            "PREDICTED probability that the customer was not annoyed, of conversations that ended",
            ["channel"],
            registry=registry,
        )
        self._error = Summary(
            "cxstream_predicted_satisfaction_squared_error",
            "Squared error of that prediction against how the conversation was seen to end (Brier)",
            ["channel"],
            registry=registry,
        )

    def ended(self, figures: Ended) -> None:
        """A conversation ended."""
        channel = _channel(figures.channel)
        transferred, escalated = str(figures.transferred).lower(), str(figures.escalated).lower()
        self._ended.labels(channel, figures.handled_by, transferred, escalated).inc()
        self._handling.labels(channel).observe(figures.handling_s)
        self._effort.labels(channel).observe(figures.effort)
        self._predicted.labels(channel).observe(figures.predicted)
        self._error.labels(channel).observe((figures.predicted - figures.content) ** 2)
        if figures.repeat:
            self._repeats.labels(channel).inc()
        if figures.contained:
            self._contained.labels(channel).inc()

    def judged(self, figures: Judged) -> None:
        """A contact's week has passed."""
        first = str(figures.first).lower()
        self._judged.labels(_channel(figures.channel), figures.result, first).inc()


def _channel(channel: str) -> str:
    return channel if channel in CHANNELS else "other"
