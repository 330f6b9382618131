"""Prometheus metrics of one process; implements `engine.watching.EngineObserver`.

Names start with `cxstream_`, units are base units, labels come from bounded sets: an unknown channel is
`other`, and rules are those of the loaded playbooks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram

from cxstream.events import Signal
from cxstream.lessons.kpis import Ended, Judged
from cxstream.observe.decisions import DecisionMetrics
from cxstream.observe.drift_soon import SoonWatched
from cxstream.observe.floor import FloorMetrics
from cxstream.observe.kpis import CHANNELS, KpiMetrics
from cxstream.observe.ledger_metrics import LedgerMetrics
from cxstream.observe.overload_metrics import OverloadMetrics
from cxstream.understand.scorer import Reading

if TYPE_CHECKING:
    from cxstream.learn.reference import Reference
    from cxstream.observe.drift import DriftWatch

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 1, 2, 4, 8, 15, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics(DecisionMetrics, LedgerMetrics, OverloadMetrics):
    """Counts what the hops and the engine do, in a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        r = self.registry
        DecisionMetrics.__init__(self, r)
        LedgerMetrics.__init__(self, r)
        OverloadMetrics.__init__(self, r)
        fragments = Counter(
            "cxstream_fragments",
            "Transcript records read, by channel and what became of them",
            ["channel", "outcome"],
            registry=r,
        )
        self._fragments = cache(fragments.labels)
        self._floor = FloorMetrics(r)
        self._clocks = Counter(
            "cxstream_clock_corrections",
            "Records whose event time could not be and was replaced by their arrival",
            ["channel"],
            registry=r,
        )
        self._redactions = Counter(
            "cxstream_redactions", "Personal data masked, by kind", ["kind"], registry=r
        )
        self._dead = Counter(
            "cxstream_dead_letters", "Records that could not be read", ["reason"], registry=r
        )
        self._scored = Counter("cxstream_scored_texts", "Texts scored", registry=r)
        self._degraded = Counter(
            "cxstream_scored_degraded_texts",
            "Texts scored by a lighter model than they should be",
            registry=r,
        )
        self._routed = Counter(
            "cxstream_routed_texts",
            "Texts scored, by the model that answered",
            ["step"],
            registry=r,
        )
        self._asked = Counter(
            "cxstream_cache_asked_texts", "Texts the transformer was asked for", registry=r
        )
        self._hits = Counter(
            "cxstream_cache_hit_texts", "Of those, texts whose scores were known", registry=r
        )
        self._precision = Gauge(
            "cxstream_encoder_precision",
            "1 for how the encoder calculates",
            ["precision"],
            registry=r,
        )
        self._speed = Gauge(
            "cxstream_encoder_tokens_per_second",
            "Tokens a second of the encoder at start, by precision tried",
            ["precision"],
            registry=r,
        )
        self._drift = Gauge(
            "cxstream_drift",
            "Distance of the last texts from the reference (population stability index)",
            ["signal"],
            registry=r,
        )
        self._drift_detected = Counter(
            "cxstream_drift_detected", "Changes found by the detector", ["signal"], registry=r
        )
        self._outcomes = Counter(
            "cxstream_outcomes",
            "Outcomes heard; joined: whether a decision was waiting for it",
            ["kind", "joined"],
            registry=r,
        )
        self._lessons = Counter(
            "cxstream_lessons",
            "Decisions settled, by what became of them",
            ["verdict", "group"],
            registry=r,
        )
        self._kpis = KpiMetrics(r)
        self._watch: SoonWatched | None = None
        self._stage_seconds = Histogram(
            "cxstream_stage_seconds",
            "Seconds a stage worked on a batch",
            ["stage"],
            buckets=_FAST,
            registry=r,
        )
        self._decided_after = Histogram(
            "cxstream_decision_latency_seconds",
            "Seconds from a record being sent to its decisions being safe",
            buckets=_SLOW,
            registry=r,
        )
        self._loop_lag = Histogram(
            "cxstream_loop_lag_seconds",
            "Seconds the event loop came back later than asked",
            buckets=_FAST,
            registry=r,
        )
        self._batch = Histogram(
            "cxstream_batch_records",
            "Records in a micro-batch",
            ["stage"],
            buckets=_SIZES,
            registry=r,
        )
        self._queue = Gauge(
            "cxstream_queue_records", "Records waiting behind the batch", ["stage"], registry=r
        )
        self._state = Gauge(
            "cxstream_state_entries", "Keys in a table held here", ["table"], registry=r
        )
        self._phase = Enum(
            "cxstream_worker_phase",
            "What this worker does at the moment",
            states=["starting", "recovering", "running", "draining", "stuck"],
            registry=r,
        )
        self._lag = Gauge(
            "cxstream_consumer_lag_records", "Records not committed yet", ["topic"], registry=r
        )

    def heard(self, channel: str, outcome: str) -> None:
        """A transcript record found its place, or did not."""
        self._fragments(_channel(channel), outcome).inc()

    def clock_corrected(self, channel: str) -> None:
        """An event time that could not be was replaced."""
        self._clocks.labels(_channel(channel)).inc()

    def redacted(self, kind: str, count: int) -> None:
        """Something personal was masked."""
        self._redactions.labels(kind).inc(count)

    def signalled(self, signal: Signal) -> None:
        """A signal goes out."""
        self._floor.signalled(signal, _channel(signal.channel))

    def outcome(self, kind: str, joined: bool) -> None:
        """An outcome was heard, and belonged to a decision that waits, or to none."""
        self._outcomes.labels(kind, str(joined).lower()).inc()

    def lesson(self, verdict: str, group: str) -> None:
        """A decision was settled."""
        self._lessons.labels(verdict, group).inc()

    def ended(self, figures: Ended) -> None:
        """A conversation ended."""
        self._kpis.ended(figures)

    def judged(self, figures: Judged) -> None:
        """A contact's week has passed, or the customer came back within it."""
        self._kpis.judged(figures)

    def batch(self, stage: str, size: int, waiting: int) -> None:
        """A micro-batch was taken."""
        self._batch.labels(stage).observe(size)
        self._queue.labels(stage).set(waiting)

    def took(self, stage: str, seconds: float) -> None:
        """A stage worked on a batch."""
        self._stage_seconds.labels(stage).observe(seconds)

    def decided_after(self, seconds: float) -> None:
        """A record was answered this long after it was sent."""
        self._decided_after.observe(seconds)

    def dead_letter(self, reason: str) -> None:
        """A record could not be read."""
        self._dead.labels(reason).inc()

    def scored(self, answers: int, degraded: int) -> None:
        """Texts were scored; so many of them by the fallback."""
        self._scored.inc(answers)
        self._degraded.inc(degraded)

    def routed(self, step: str, texts: int) -> None:
        """So many texts were answered by this step (see `understand.routing`)."""
        self._routed.labels(step).inc(texts)

    def remembered(self, hits: int, asked: int) -> None:
        """So many of the texts that the transformer was asked for were known from before."""
        self._hits.inc(hits)
        self._asked.inc(asked)

    def encoder(self, precision: str, speeds: Mapping[str, float]) -> None:
        """How the encoder calculates, and the tokens a second of each precision that was tried."""
        self._precision.labels(precision).set(1)
        for tried, tokens_per_s in speeds.items():
            self._speed.labels(tried).set(tokens_per_s)

    def watch(self, reference: Reference) -> None:
        """Compare what is read from now on with a reference."""

        def loaded() -> DriftWatch:
            from cxstream.observe.drift import DriftWatch

            watch = DriftWatch(
                reference,
                far=lambda signal, distance: self._drift.labels(signal).set(distance),
                changed=lambda signal: self._drift_detected.labels(signal).inc(),
            )
            for signal in watch.signals:
                self._drift_detected.labels(signal)
            return watch

        self._watch = SoonWatched(loaded)

    def saw(self, readings: Sequence[Reading]) -> None:
        """What was read of each text of a batch."""
        if self._watch is not None:
            self._watch.saw(readings)

    def loop_lag(self, seconds: float) -> None:
        """The event loop came back so much later than asked."""
        self._loop_lag.observe(seconds)

    def state(self, table: str, entries: int) -> None:
        """How many keys a table holds here."""
        self._state.labels(table).set(entries)

    def phase(self, name: str) -> None:
        """The worker has come into another phase (see `engine.life`)."""
        self._phase.state(name)

    def lag(self, topic: str, records: int) -> None:
        """How many records of a topic are not committed yet."""
        self._lag.labels(topic).set(records)


def _channel(channel: str) -> str:
    return channel if channel in CHANNELS else "other"
