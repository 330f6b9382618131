"""How likely it is that a decision will be taken up: what was learnt, smoothed while little is known.

The stage owns the Protocol; who learns stands above it (`learn`). Whatever answers must be a function of
what it was told before: the same stream gives the same answers.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from cxstream.decide.moment import Moment


class Learnt(Struct, frozen=True):
    """What outcomes taught of one rule: a probability (0 to 1), and on how many outcomes it rests."""

    probability: float
    evidence: int
    successes: int = 0


class Propensity(Protocol):
    """Who knows how likely a rule's decision is to be taken up at a moment."""

    def learnt(self, rule: str, moment: Moment) -> Learnt | None:
        """What was learnt of a rule, for a moment like this; None when nothing was."""


class NothingLearnt:
    """Nobody has learnt anything: what a playbook assumes holds."""

    def learnt(self, rule: str, moment: Moment) -> Learnt | None:
        """Nothing."""
        return None


def smoothed(learnt: Learnt | None, start: float, start_evidence: int) -> float:
    """The propensity of an action that may be new, 0 to 1.

    `(SE / (SE + ME + 1)) x SP + (ME / (SE + ME + 1)) x p`: SE and SP are the evidence and propensity assumed at
    the start, ME is the evidence there is and p what it says. Source: Pega Academy, "Smooth propensity".
    Where nobody learns (None) the assumed propensity holds as it is.
    """
    if learnt is None:
        return start
    whole = start_evidence + learnt.evidence + 1
    return start_evidence / whole * start + learnt.evidence / whole * learnt.probability
