"""The contract of everything that scores text, and the one place where scores are rounded.

A scorer may be a transformer, a light model, a word list, or several with a choice between them; the pipeline
sees `Scorer` only. Deadlines are kept by the engine's pool, which turns to the lexicon when time is up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol, cast, runtime_checkable

from cxstream.events import Emotion, Intent, Scores, Sentiment, SentimentProbabilities
from cxstream.understand.labels import EMOTIONS, SENTIMENTS

DECIMALS: Final = 4
RANKED: Final = 5


class Scorer(Protocol):
    """Texts to scores: one result a text, in order; a result depends on its own text only.

    `name` goes into every result as `model`. Any text is answered (empty, a megabyte, control
    characters, lone surrogates); only a broken model raises.
    """

    name: str

    def score(self, texts: Sequence[str]) -> list[Scores]: ...


class Reading(NamedTuple):
    """What is known of one text: its scores, and its gist for the model that foresees (see `stream`).

    The gist is empty where the text was answered by a scorer that gives none.
    """

    scores: Scores
    gist: bytes = b""


@runtime_checkable
class Reader(Protocol):
    """A scorer that can also say the gist of a text, in the same pass."""

    def read(self, texts: Sequence[str]) -> list[Reading]: ...


def readings(scorer: Scorer, texts: Sequence[str]) -> list[Reading]:
    """What a scorer knows of the texts, in order, with gists where it gives them."""
    if isinstance(scorer, Reader):
        return scorer.read(texts)
    return [Reading(scores) for scores in scorer.score(texts)]


def to_scores(
    *,
    intents: Mapping[str, float],
    sentiment: Mapping[str, float],
    emotions: Mapping[str, float],
    abuse: float,
    model: str,
    degraded: bool = False,
) -> Scores:
    """Raw probabilities (0 to 1; intents and sentiment each sum to 1) as the record, rounded once here.

    Labels are chosen on the rounded numbers, ties by the order of the vocabulary, so that what a reader
    of the record can check is what decided.
    """
    rounded = {label: round(float(p), DECIMALS) for label, p in intents.items()}
    ranking = tuple(sorted(rounded.items(), key=lambda item: -item[1])[:RANKED])
    tone = {label: round(float(sentiment[label]), DECIMALS) for label in SENTIMENTS}
    feelings = {label: round(float(emotions[label]), DECIMALS) for label in EMOTIONS}
    return Scores(
        intent=Intent(ranking[0][0], ranking[0][1], ranking),
        sentiment=Sentiment(
            label=cast(
                Literal["negative", "neutral", "positive"],
                max(SENTIMENTS, key=tone.__getitem__),
            ),
            valence=round(tone["positive"] - tone["negative"], DECIMALS),
            probabilities=SentimentProbabilities(
                tone["negative"], tone["neutral"], tone["positive"]
            ),
        ),
        emotion=Emotion(
            anger=feelings["anger"],
            dissatisfaction=feelings["dissatisfaction"],
            distress=feelings["distress"],
            confusion=feelings["confusion"],
            satisfaction=feelings["satisfaction"],
        ),
        abuse=round(float(abuse), DECIMALS),
        model=model,
        degraded=degraded,
    )
