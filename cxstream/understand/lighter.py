"""The light model alone, sure or not: it answers when there is no time for the transformer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from cxstream.events import Scores
from cxstream.understand.light import LightScorer, routine
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Reading

Whole = Callable[[bytes, str], bytes]
"""The gist of a normalised text, of which the light model guessed the meaning (see `stream.Stream.whole`).

There is none where the light model's guesses are for another stream than the one in force."""


class LighterScorer:
    """Scores of the light model (see `scorer.Scorer`, `scorer.Reader`).

    What it would have answered anyway stands as ever; the rest, which the transformer would have been asked
    for, is `degraded`. `threshold` and `whole` as in `routing.RoutedScorer`.
    """

    def __init__(self, light: LightScorer, *, threshold: float, whole: Whole | None) -> None:
        self.name = light.name
        self._light = light
        self._threshold = threshold
        self._whole = whole

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [reading.scores for reading in self.read(texts)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """The scores and the gist of each text."""
        return [self._read(normalise(text)) for text in texts]

    def _read(self, normalised: str) -> Reading:
        answer = self._light.opinion(normalised)
        gist = self._whole(answer.gist, normalised) if self._whole else b""
        sure = routine(normalised) and answer.agreement >= self._threshold
        scores = answer.scores if sure else replace(answer.scores, degraded=True)
        return Reading(scores, gist)
