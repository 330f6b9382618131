"""From beliefs to a choice: mostly the best known, now and then what may be better, with the exact chances.

Thompson sampling asks each candidate for a guess that its doubt allows and takes the highest; immature
actions guess widely, mature ones not at all. How often each would win is counted over `draws` guesses, and
the choice is drawn from those counts: so the chance that is logged is the chance it was chosen with, not an
estimate of it, which is what off-policy evaluation stands on.

Bounded: of all contested choices at most `share` leave the best known. Switched off with a share of 0.
Replayable: every guess and the draw come from the seed (the decision's id); the same seed and beliefs give
the same choice. numpy may change its stream of normal numbers between versions; then chances move a little.

Source: Thompson, 1933; Chapelle and Li, 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct

from cxstream.lessons.holdout import uniform
from cxstream.lessons.propensity import Belief

OFF: Final = 0.0


class Exploration(Struct, frozen=True):
    """How far a policy may stray: in a `share` of choices, while an action has under `mature` lessons."""

    share: float = 0.1
    mature: int = 200
    draws: int = 256


class Odds(NamedTuple):
    """A candidate: what is believed of its success, and what that is multiplied with (C x V x L)."""

    belief: Belief
    weight: float


class Pick(NamedTuple):
    """Which candidate, and the chance that each had; the chances sum to one."""

    place: int
    chances: tuple[float, ...]


def choose(candidates: Sequence[Odds], seed: str, exploration: Exploration) -> Pick:
    """Choose one of the candidates (at least one); of equal ones the earlier is the better."""
    known = [max(0.0, c.belief.chance * c.weight) for c in candidates]
    best = known.index(max(known))
    chances = [float(i == best) for i in range(len(known))]
    immature = any(c.belief.lessons < exploration.mature for c in candidates)
    if len(known) > 1 and exploration.share > OFF and immature:
        wins = _wins(candidates, seed, exploration)
        chances = [
            (1 - exploration.share) * sure + exploration.share * won
            for sure, won in zip(chances, wins, strict=True)
        ]
    return Pick(_drawn(chances, uniform(f"choice\x1f{seed}")), tuple(chances))


def _wins(candidates: Sequence[Odds], seed: str, exploration: Exploration) -> list[float]:
    """How often each candidate has the highest guess; never quite 0, so that all of them are heard of."""
    digest = blake2b(f"guess\x1f{seed}".encode("utf-8", "replace"), digest_size=16).digest()
    rng = np.random.default_rng(int.from_bytes(digest, "big"))
    chance = np.array([c.belief.chance for c in candidates])
    doubt = np.array(
        [c.belief.doubt if c.belief.lessons < exploration.mature else 0.0 for c in candidates]
    )
    weight = np.array([c.weight for c in candidates])
    guesses = np.clip(rng.normal(chance, doubt, (exploration.draws, len(chance))), 0, 1) * weight
    won = np.bincount(guesses.argmax(axis=1), minlength=len(chance)) + 0.5
    shares: list[float] = (won / won.sum()).tolist()
    return shares


def _drawn(chances: Sequence[float], at: float) -> int:
    reached = 0.0
    for index, chance in enumerate(chances):
        reached += chance
        if at < reached:
            return index
    return max(range(len(chances)), key=chances.__getitem__)
