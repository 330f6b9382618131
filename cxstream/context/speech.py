"""Who speaks when: talk, silence, holds and interruptions of one conversation.

On voice everything is reckoned on the media clock, typed channels have only the gaps between messages.
The media clock begins anew with each transfer, and wherever it is seen to run backwards.
"""

from __future__ import annotations

from msgspec import Struct

from cxstream.context.entry import Entry, Measures
from cxstream.events import Role

SILENCE_MS = 3_000
"""A pause shorter than this is how people talk."""

INTERRUPTION_MS = 800
"""Both speak at least so long. Less is a "mhm", or a turn begun a breath too early."""

_NEW_CLOCK_MS = 60_000


class Speech(Struct, array_like=True):
    """Sums over the utterances so far, and the marks that the next one is measured from.

    `said_ms`, `hold_since_ms` are event time, zero for never; the media marks are -1 for never.
    `held_ms` is the time on hold since the last utterance: it is nobody's silence.
    """

    customer_ms: int = 0
    agent_ms: int = 0
    silence_ms: int = 0
    gap_ms: int = 0
    interruptions: int = 0
    holds: int = 0
    hold_ms: int = 0
    hold_since_ms: int = 0
    held_ms: int = 0
    said_ms: int = 0
    media_end_ms: int = -1
    customer_start_ms: int = -1
    customer_end_ms: int = -1
    agent_start_ms: int = -1
    agent_end_ms: int = -1

    def said(self, entry: Entry, measures: Measures) -> None:
        """Take the next utterance in order."""
        held_ms = self.held_ms + self._held(entry.at_ms)
        if entry.start_ms < 0:
            self.gap_ms = max(0, entry.at_ms - self.said_ms - held_ms) if self.said_ms else 0
        else:
            self._spoken(entry, held_ms, measures)
        self.said_ms = max(self.said_ms, entry.at_ms)
        self.held_ms = 0

    def talked(self, entry: Entry, measures: Measures) -> None:
        """Count how long an utterance was: the part that does not depend on order."""
        if entry.start_ms < 0:
            return
        talk_ms = entry.end_ms - entry.start_ms
        if entry.role == Role.CUSTOMER:
            self.customer_ms += talk_ms
            measures["tc"] = talk_ms
        elif entry.role == Role.AGENT:
            self.agent_ms += talk_ms
            measures["ta"] = talk_ms

    def hold(self, at_ms: int) -> None:
        """The customer is put on hold; twice is once."""
        if not self.hold_since_ms:
            self.holds += 1
            self.hold_since_ms = at_ms

    def resume(self, at_ms: int) -> None:
        """The hold ends."""
        if self.hold_since_ms:
            self.held_ms += self._held(at_ms)
            self.hold_ms += max(0, at_ms - self.hold_since_ms)
            self.hold_since_ms = 0

    def restart_clock(self) -> None:
        """What comes next is on another media clock: nothing before it can be measured against it."""
        self.media_end_ms = -1
        self.customer_start_ms = self.customer_end_ms = -1
        self.agent_start_ms = self.agent_end_ms = -1

    def _held(self, until_ms: int) -> int:
        if not self.hold_since_ms:
            return 0
        return max(0, until_ms - max(self.hold_since_ms, self.said_ms))

    def _spoken(self, entry: Entry, held_ms: int, measures: Measures) -> None:
        if entry.end_ms + _NEW_CLOCK_MS < self.media_end_ms:
            self.restart_clock()
        self.talked(entry, measures)
        gap_ms = entry.start_ms - self.media_end_ms - held_ms if self.media_end_ms >= 0 else 0
        self.gap_ms = max(0, gap_ms)
        if self.gap_ms >= SILENCE_MS:
            self.silence_ms += self.gap_ms
            measures["si"] = self.gap_ms
        self.media_end_ms = max(self.media_end_ms, entry.end_ms)
        if entry.role == Role.CUSTOMER:
            self.customer_start_ms, self.customer_end_ms = entry.start_ms, entry.end_ms
        elif entry.role == Role.AGENT:
            self.agent_start_ms, self.agent_end_ms = entry.start_ms, entry.end_ms
        else:
            return
        if self._interrupted():
            self.interruptions += 1
            measures["x"] = 1

    def _interrupted(self) -> bool:
        """Whether the agent's last utterance began within the customer's last one and went on.

        Of the two the one that ended first may come first or last: each pair is looked at once, when its
        second half is here.
        """
        both_ms = min(self.agent_end_ms, self.customer_end_ms) - self.agent_start_ms
        return 0 <= self.customer_start_ms < self.agent_start_ms and both_ms >= INTERRUPTION_MS
