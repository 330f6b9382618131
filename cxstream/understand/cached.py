"""No text is scored twice: what the transformer said of a text is kept, and said again.

People say the same things: half of what customers write in a service chat, and most of what agents do, was
said before (docs/benchmarks.md). A score depends on the normalised text alone, so nobody can tell whether it
was remembered. The cache belongs to the scorer it stands before: another version of the models begins with
an empty one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from cxstream.events import Scores
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Reading, Scorer, readings

MOST: Final = 16_384
"""Texts that are kept, some 2 kB each; the longest unheard goes first."""

LONGEST: Final = 240
"""Characters of a text that is kept: nobody says a long one twice."""


def _untold(hits: int, asked: int) -> None:
    del hits, asked


class CachedScorer:
    """The readings of another scorer, remembered (see `scorer.Scorer`, `scorer.Reader`).

    `heavy` must depend on the normalised text alone. `told(hits, asked)` hears after each batch how many of
    the texts asked for were known. Not for several threads.
    """

    def __init__(
        self,
        heavy: Scorer,
        *,
        most: int = MOST,
        longest: int = LONGEST,
        told: Callable[[int, int], None] | None = None,
    ) -> None:
        self.heavy = heavy
        self.name = heavy.name
        self._most = most
        self._longest = longest
        self._told = told or _untold
        self._kept: OrderedDict[str, Reading] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [reading.scores for reading in self.read(texts)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """The scores and the gist of each text; texts that are equal once normalised are scored once."""
        plain = [normalise(text) for text in texts]
        found: dict[str, Reading] = {}
        missing: dict[str, str] = {}
        for text, key in zip(texts, plain, strict=True):
            if key in self._kept:
                self._kept.move_to_end(key)
                found[key] = self._kept[key]
            else:
                missing.setdefault(key, text)
        if missing:
            fresh = readings(self.heavy, list(missing.values()))
            found |= zip(missing, fresh, strict=True)
            self._keep(dict(zip(missing, fresh, strict=True)))
        self._told(len(texts) - len(missing), len(texts))
        return [found[key] for key in plain]

    def _keep(self, fresh: dict[str, Reading]) -> None:
        for key, reading in fresh.items():
            if len(key) <= self._longest:
                self._kept[key] = reading
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
