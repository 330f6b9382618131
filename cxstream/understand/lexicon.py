"""The light scorer: a word list for the tone, a few patterns for intents. Microseconds, no model.

It answers when the transformer is missing or late, and says so: every result is `degraded`. It is
honest about how little it knows: probabilities stay away from 0 and 1, and what no pattern knows is
`out_of_scope` with little confidence. The patterns are data, in `lexicon.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import exp
from pathlib import Path
from typing import Final

import yaml

from cxstream.events import Scores
from cxstream.understand.labels import EMOTIONS, INTENTS
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import to_scores
from cxstream.understand.tone import tone

WORDS: Final = Path(__file__).with_name("lexicon.yaml")

# How much to believe a pattern: rough shares of right answers on the development data.
_KNOWN, _UNKNOWN = 0.6, 0.35
_FELT, _NOT_FELT = 0.65, 0.04
_ABUSIVE, _NOT_ABUSIVE = 0.8, 0.02
_UPSET = 1.5
"""What a complaint takes off the tone: "nobody has called me back" has no bad word for VADER to see."""


class LexiconScorer:
    """VADER and a table of patterns behind the scorer's contract; every result is `degraded`."""

    name: str = "lexicon-1"

    def __init__(self, words: Path = WORDS) -> None:
        table = yaml.safe_load(words.read_text(encoding="utf-8"))
        self._intents = [(label, _any(known)) for label, known in table["intents"].items()]
        self._emotions = {label: _any(table["emotions"][label]) for label in EMOTIONS}
        self._abuse = _any(table["abuse"])

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [self._one(normalise(text)) for text in texts]

    def _one(self, text: str) -> Scores:
        label = next((name for name, known in self._intents if known.search(text)), "out_of_scope")
        sure = _UNKNOWN if label == "out_of_scope" else _KNOWN
        rest = (1 - sure) / (len(INTENTS) - 1)
        abusive = self._abuse.search(text) is not None
        felt = {
            name: _FELT if known.search(text) else _NOT_FELT
            for name, known in self._emotions.items()
        }
        if abusive:
            felt["anger"] = _FELT
        upset = felt["dissatisfaction"] == _FELT or felt["anger"] == _FELT
        lean = 3.0 * tone(text)[3] - (_UPSET if upset else 0.0)
        weights = {"negative": exp(-lean), "neutral": 1.6, "positive": exp(lean)}
        total = sum(weights.values())
        return to_scores(
            intents={name: sure if name == label else rest for name in INTENTS},
            sentiment={name: weight / total for name, weight in weights.items()},
            emotions=felt,
            abuse=_ABUSIVE if abusive else _NOT_ABUSIVE,
            model=self.name,
            degraded=True,
        )


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
