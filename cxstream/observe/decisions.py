"""Prometheus metrics of decisions: made, allowed, answered, and what a playbook in shadow would have made."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class DecisionMetrics:
    """Counts what is decided and what becomes of it; rules are those of the loaded playbooks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._decisions = Counter(
            "cxstream_decisions",
            "Decisions made, by kind and rule",
            ["kind", "rule"],
            registry=registry,
        )
        self._approvals = Counter(
            "cxstream_approvals",
            "Words on actions that wait for approval, by what came of them",
            ["verdict"],
            registry=registry,
        )
        self._answers = Counter(
            "cxstream_nudge_answers", "What became of nudges", ["rule", "answer"], registry=registry
        )
        self._shadows = Counter(
            "cxstream_shadow_decisions",
            "Decisions of a playbook in shadow beside the live one's",
            ["kind", "rule", "which"],
            registry=registry,
        )

    def approved(self, verdict: str) -> None:
        """A word on an action that waits."""
        self._approvals.labels(verdict).inc()

    def answered(self, rule: str, answer: str) -> None:
        """What became of a nudge."""
        self._answers.labels(rule, answer).inc()

    def shadowed(self, member: str, which: str) -> None:
        """A playbook in shadow decided `kind:rule` as the live one did, or only one of them did."""
        kind, _, rule = member.partition(":")
        self._shadows.labels(kind, rule, which).inc()

    def decided(self, kind: str, rule: str) -> None:
        """A decision was made."""
        self._decisions.labels(kind, rule).inc()
