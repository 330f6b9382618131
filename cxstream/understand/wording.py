"""What the words of a text say for each label, beside what the encoder makes of its meaning.

An encoder blurs the words that tell two near labels apart (top up by card, top up by bank); counting knows
them, and knows nothing else. So the two err on different texts, and together they are right more often. The
counting is naive Bayes over hashed words and pairs of words, weighted by how rare they are: one table, a
handful of rows a text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from cxstream.understand.heads import Array

BUCKETS: Final = 2**14
"""Rows of the table; words that share one by chance are too few to matter."""


@dataclass(frozen=True, slots=True)
class Wording:
    """`rarity` (BUCKETS): how much a bucket counts. `table` (BUCKETS, labels): log probability, float16."""

    rarity: Array
    table: NDArray[np.float16]

    def evidence(self, normalised: str) -> Array:
        """One number a label, higher speaks for it; only their differences mean anything."""
        buckets, weights = weighed(normalised, self.rarity)
        return np.asarray(weights @ self.table[buckets].astype(np.float32), np.float32)


def weighed(normalised: str, rarity: Array) -> tuple[NDArray[np.int64], Array]:
    """The buckets of a text's words and pairs of words, rising, and their weights: a unit vector.

    Both are empty for an empty text.
    """
    words = normalised.split()
    parts = [*words, *(" ".join(pair) for pair in pairwise(words))]
    counts = sorted(Counter(crc32(part.encode()) % BUCKETS for part in parts).items())
    buckets = np.array([bucket for bucket, _ in counts], np.int64)
    often = np.array([count for _, count in counts], np.float32)
    weights = (1 + np.log(often)) * rarity[buckets]
    length = max(float(np.sqrt((weights * weights).sum())), 1e-12)
    return buckets, np.asarray(weights / np.float32(length), np.float32)
