"""What people said before conversations that ended badly: a table of phrases, one number an outcome each.

Tone is not all. Who is about to lose patience says "why", "do you", "get me"; who is not says "I would
like" and "yes please". A phrase is a word or two neighbours, the ends of an utterance counting as words. Its
number is the logarithm of how often a conversation with it ended so, over how often one would by its task
alone (made by `learn.stream_phrases`, without names). The table holds hashes, never the words; what is not
in it says nothing. Whole numbers are added up, so an utterance says the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from cxstream.understand.trajectory import OUTCOMES

TOLD: Final = len(OUTCOMES)
"""Bytes that an utterance's phrases come to: a number an outcome, signed."""

UNIT: Final = 1000
"""The table counts in these parts of a logarithm."""

STEPS: Final = 40
"""Steps of a byte in one logarithm: a byte reaches to three, and few utterances do."""

_WORDS: Final = 128
"""Words looked at; the encoder reads no more of a text either."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """`keys` (n) uint32, rising, the hashes of phrases; `table` (n, TOLD) int16 in parts of `UNIT`."""

    keys: NDArray[np.uint32]
    table: NDArray[np.int16]

    @classmethod
    def none(cls) -> Phrases:
        """A table that knows no phrase."""
        return cls(np.zeros(0, np.uint32), np.zeros((0, TOLD), np.int16))


class Listener:
    """Hears a table of phrases in texts."""

    def __init__(self, phrases: Phrases) -> None:
        self._told = dict(zip(phrases.keys.tolist(), phrases.table.tolist(), strict=True))

    def hear(self, normalised: str) -> bytes:
        """TOLD signed bytes, each higher where the outcome is likelier; zeros where no phrase is known."""
        found = list(filter(None, map(self._told.get, map(crc32, set(phrases_of(normalised))))))
        if not found:
            return bytes(TOLD)
        scale = STEPS / (UNIT * sqrt(len(found)))
        sums = (sum(column) * scale for column in zip(*found, strict=True))
        return bytes(max(-127, min(127, round(value))) & 255 for value in sums)


def phrases_of(normalised: str) -> list[bytes]:
    """The phrases of a text: its words, and its pairs of neighbours, ends included."""
    words = normalised.encode("utf-8", "replace").split(None, _WORDS)[:_WORDS]
    return [*words, *(first + b" " + second for first, second in pairwise((b"^", *words, b"$")))]


def key_of(phrase: bytes) -> int:
    """The hash that stands for a phrase."""
    return crc32(phrase)
