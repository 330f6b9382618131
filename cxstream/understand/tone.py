"""VADER's four numbers for a text: the lexicon's whole opinion, and a feature of the learnt heads."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

FEATURES: Final = ("neg", "neu", "pos", "compound")

_BUSINESS: Final = (
    "no yes sure ok okay please help cancel cancelled cancelling charge charged charges alert interest"
    " interested block blocked blocking dispute disputed stop stopped solution secure security number"
    " share shared save saved credit debt allow natural value"
).split()
"""Words of feeling elsewhere, and plain business here: "no" is an answer, and help is what is asked for."""


@cache
def _analyser() -> SentimentIntensityAnalyzer:
    analyser = SentimentIntensityAnalyzer()
    for word in _BUSINESS:
        analyser.lexicon.pop(word, None)
    return analyser


@lru_cache(1024)  # the heads and the gist both ask for the texts of a batch
def tone(normalised: str) -> tuple[float, float, float, float]:
    """Shares of negative, neutral and positive words (0 to 1) and the compound score (-1 to 1).

    Given the normalised text, so that capitals and exclamation marks, which speech has not, add nothing.
    """
    if not normalised:
        return (0.0, 1.0, 0.0, 0.0)
    found = _analyser().polarity_scores(normalised)
    return (found["neg"], found["neu"], found["pos"], found["compound"])
