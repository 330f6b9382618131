"""A stream's weights, few and by chance."""

from __future__ import annotations

import numpy as np

from cxstream.understand.heads import Array
from cxstream.understand.memory import CHANNELS, SUMS
from cxstream.understand.network import Weights
from cxstream.understand.phrases import TOLD, Phrases
from cxstream.understand.trajectory import measures

LEARNT, WIDTH, ACTIONS = 6, 10, 6


def weights(units: int, seed: int = 1, spread: float = 0.5) -> Weights:
    """Weights by chance."""
    rng = np.random.default_rng(seed)

    def some(*shape: int) -> Array:
        return rng.normal(0, spread, shape).astype(np.float32)

    seen = LEARNT + len(CHANNELS)
    return Weights(
        gist=some(LEARNT, WIDTH + 5),
        gist_offset=some(LEARNT),
        customer=some(3 * units, seen),
        agent=some(3 * units, seen),
        step_offset=some(3 * units),
        hidden=some(3 * units, units),
        hidden_offset=some(3 * units),
        actions=((some(7, units), some(7)), (some(ACTIONS, 7), some(ACTIONS))),
        risk=some(3, len(measures({})) + SUMS + units + TOLD),
        risk_offset=some(3),
        phrases=Phrases.none(),
    )
