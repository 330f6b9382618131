"""Who counts what the hops do; implemented by `observe`."""

from __future__ import annotations

from typing import Protocol

from cxstream.events import Signal
from cxstream.lessons.loop import Listener


class Observer(Listener, Protocol):
    """Hears of everything that happens on the way from a fragment to what became of its decisions."""

    def heard(self, channel: str, outcome: str) -> None:
        """A transcript record found its place, or did not (see `Fate`)."""

    def clock_corrected(self, channel: str) -> None:
        """An event time that could not be was replaced by the time of arrival."""

    def redacted(self, kind: str, count: int) -> None:
        """Something personal was masked."""

    def signalled(self, signal: Signal) -> None:
        """A signal goes out."""

    def decided(self, kind: str, rule: str) -> None:
        """A decision was made."""

    def approved(self, verdict: str) -> None:
        """A word on an action that waits: approved, refused, expired, or one that changes nothing."""

    def answered(self, rule: str, answer: str) -> None:
        """What became of a nudge: accepted, dismissed, ignored, overridden, accepted but not acted."""

    def shadowed(self, member: str, which: str) -> None:
        """A playbook in shadow decided `kind:rule` as the live one did (`both`), or only one of them did."""
