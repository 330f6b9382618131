"""May a new policy take over from the champion? Refused unless logged decisions speak for it.

It is judged by the lower end of its interval, so a policy that nobody knows much about is no better than
its worst: promising numbers on a handful of decisions are refused, and so is one that may be worse.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cxstream.lessons.estimators import (
    Estimate,
    Floats,
    Trial,
    difference,
    doubly_robust,
    ips,
    snips,
)

LEAST_EFFECTIVE: Final = 200.0
"""Decisions that must really count: below that, a handful of heavy ones decides."""


class Verdict(NamedTuple):
    """What the estimates say of two policies, and whether the new one may take over.

    `reasons` is empty when it may. `gain` is how much more the new one earns a decision, with its interval.
    """

    challenger: dict[str, Estimate]
    champion: dict[str, Estimate]
    gain: Estimate
    reasons: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether the new policy may take over."""
        return not self.reasons


def judge(trial: Trial, champion: Floats, least_effective: float = LEAST_EFFECTIVE) -> Verdict:
    """Judge the trial's policy against the champion's chances on the same decisions.

    By the doubly robust estimate; IPS and SNIPS stand beside it, so that a reader sees when they disagree.
    """
    other = trial.of(champion)
    mine, theirs = _all(trial), _all(other)
    reasons = []
    if mine["dr"].effective < least_effective:
        reasons.append(
            f"the effective sample is too small: {mine['dr'].effective:.0f} of"
            f" {len(trial.rewards)} decisions count, {least_effective:.0f} are needed"
        )
    if not mine["dr"].low >= theirs["dr"].low:
        reasons.append(
            f"its lower bound {mine['dr'].low:.4f} is under the champion's {theirs['dr'].low:.4f}"
        )
    return Verdict(mine, theirs, difference(trial, champion), tuple(reasons))


def _all(trial: Trial) -> dict[str, Estimate]:
    return {"ips": ips(trial), "snips": snips(trial), "dr": doubly_robust(trial)}
