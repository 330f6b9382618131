"""The table of `understand.wording`, from texts and labels: naive Bayes, so one count is the whole training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cxstream.understand.wording import BUCKETS, Wording, weighed

SMOOTH: Final = 0.03
"""What every label is given of every bucket before it has seen any."""


def learn_words(texts: Sequence[str], y: NDArray[np.int_], labels: int) -> Wording:
    """The table of normalised `texts` with labels `y`, 0 to `labels` - 1; all labels weigh the same."""
    flat = np.ones(BUCKETS, np.float32)
    seen = np.zeros(BUCKETS)
    for text in texts:
        seen[weighed(text, flat)[0]] += 1
    rarity = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
    counts = np.full((BUCKETS, labels), SMOOTH)
    for text, label in zip(texts, y.tolist(), strict=True):
        buckets, weights = weighed(text, rarity)
        counts[buckets, label] += weights
    return Wording(rarity, np.log(counts / counts.sum(0)).astype(np.float16))
