"""Which words carried a signal: each is heard alone, the loudest left out in turn; what that does is a weight.

What the score loses without a word counts whole, what the word says by itself, more than the text's other
words do, counts half: so of two words that say the same, neither hides the other. That needs nothing of a
scorer but its scores; it explains any of them, and cannot speak of anything but what decided. Words are
taken from the text as it was given, before it is normalised, so that spans are places in that text.

A word alone is a short text, and one that comes again; a text without a word is neither. So only the words
that say most alone are left out: four of twelve, on average, and nine times of ten the same words are shown
as if all had been. All words alone are scored in one batch, all texts without a word in a second. Other
methods, gradients too, name words whose loss a score feels less: `learn.deletion` measures it, and the result
stands in the scores' card.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log
from statistics import median_low
from typing import Final, NamedTuple

from cxstream.errors import ModelError
from cxstream.events import Scores
from cxstream.understand.labels import EMOTIONS, INTENTS, SENTIMENTS
from cxstream.understand.normalise import LIMIT, normalise
from cxstream.understand.scorer import Scorer

FEWEST: Final = 3
"""Words that an explanation needs: of one or two, everybody sees which."""

PIECES: Final = 20
"""Words of one text that are heard alone; a longer text is cut into so many runs of words."""

LOUD: Final = 8
"""Words of one text that are left out in turn, at most."""

AGAIN: Final = 160
"""Words that are read again for that, at most: of a long text, an email's, fewer runs of words are left out."""

_LOUD_LEAST: Final = 3
_NEAR: Final = 4.0  # log-odds below the loudest word
_SHOWN: Final = 6

_WORDS_MAX: Final = 128  # tokens that the encoder reads
_OF_TOP: Final = 0.4
_ALONE: Final = 0.5
_LEAST: Final = 0.05
_FLOOR: Final = 0.0005
_HALF: Final = 0.5
_NOTHING: Final[Mapping[str, Scores]] = {}
_CHUNK: Final = re.compile(r"\S+")
_SENTENCE_END: Final = frozenset(".!?…\n")


class Span(NamedTuple):
    """Characters `start` to `end` of a text, and their share (0 to 1) of all that carried the signal."""

    start: int
    end: int
    weight: float


class Ask(NamedTuple):
    """A text and the name of the signal to explain (see `probability`)."""

    text: str
    target: str


class Piece(NamedTuple):
    """What is left out together (`cut` to `upto`, with its punctuation), and what of it is shown."""

    cut: int
    upto: int
    start: int
    end: int


def explain(scorer: Scorer, text: str, target: str) -> tuple[Span, ...]:
    """The words of a text that carried a signal, in order, none within another.

    At most six words, each with at least two fifths of the weight of the heaviest; neighbours in a sentence
    make one span.
    Empty when the text has fewer than three words, or no word by itself makes a difference. ModelError when
    there is no such signal.
    """
    return explain_all(scorer, [Ask(text, target)])[0]


def explain_all(
    scorer: Scorer, asks: Sequence[Ask], known: Mapping[str, Scores] = _NOTHING
) -> list[tuple[Span, ...]]:
    """One explanation an ask, in order. What is asked of one text costs as much as one ask.

    `known`: what the same scorer said before of some of the texts.
    """
    reads = [_reader(ask.target) for ask in asks]
    cut = {text: pieces(text) for text in dict.fromkeys(ask.text for ask in asks)}
    alone = _scored(
        scorer,
        (said for text, found in cut.items() if found for said in (text, *_alone(text, found))),
        known,
    )
    said = [
        [read(alone[piece]) for piece in _alone(ask.text, cut[ask.text])]
        for ask, read in zip(asks, reads, strict=True)
    ]
    loud = [
        _loudest(values, AGAIN // max(1, len(ask.text.split())))
        for ask, values in zip(asks, said, strict=True)
    ]
    rest = _scored(
        scorer,
        (
            without(ask.text, cut[ask.text][place])
            for ask, places in zip(asks, loud, strict=True)
            for place in places
        ),
    )
    found = []
    for ask, read, values, places in zip(asks, reads, said, loud, strict=True):
        parts = cut[ask.text]
        left = {place: read(rest[without(ask.text, parts[place])]) for place in places}
        found.append(_spans(ask.text, parts, read(alone[ask.text]), values, left) if parts else ())
    return found


def explanations(
    scorer: Scorer, texts: Sequence[str], scores: Sequence[Scores]
) -> list[dict[str, tuple[Span, ...]]]:
    """For each text what carried each signal that was heard in it, by the signal's name.

    Heard are the intent, unless it is out of scope, a sentiment that is not neutral, and emotions and abuse
    that are likelier than not.
    """
    asks = [[Ask(text, t) for t in heard(one)] for text, one in zip(texts, scores, strict=True)]
    found = iter(explain_all(scorer, [ask for of_text in asks for ask in of_text]))
    return [{ask.target: next(found) for ask in of_text} for of_text in asks]


def heard(scores: Scores) -> list[str]:
    """The names of the signals that scores speak of."""
    emotions = [f"emotion.{name}" for name in EMOTIONS if getattr(scores.emotion, name) >= _HALF]
    intent, tone = scores.intent.label, scores.sentiment.label
    return [
        *([f"intent.{intent}"] if intent != "out_of_scope" else []),
        *([f"sentiment.{tone}"] if tone != "neutral" else []),
        *emotions,
        *(["abuse"] if scores.abuse >= _HALF else []),
    ]


def probability(scores: Scores, target: str) -> float:
    """The probability of a signal by its name: `sentiment.negative`, `emotion.anger`, `intent.thanks`, `abuse`.

    An intent that is not among the ranked has none. ModelError when there is no such signal.
    """
    return _reader(target)(scores)


def pieces(text: str) -> list[Piece]:
    """The words of a text, or runs of them when there are many; nothing for fewer than three words."""
    words = [
        Piece(chunk.start(), chunk.end(), *_bare(text, chunk.start(), chunk.end()))
        for chunk in _chunks(text)
    ]
    if len(words) < FEWEST:
        return []
    run = -(-len(words) // PIECES)
    parts = [words[first : first + run] for first in range(0, len(words), run)]
    return [Piece(p[0].cut, p[-1].upto, p[0].start, p[-1].end) for p in parts]


def without(text: str, piece: Piece) -> str:
    """The text with a piece left out."""
    return text[: piece.cut] + text[piece.upto :]


def _chunks(text: str) -> list[re.Match[str]]:
    """What stands between spaces and is a word to the scorers, from as far in as they read."""
    found: list[re.Match[str]] = []
    for chunk in _CHUNK.finditer(text, 0, LIMIT):
        if len(found) == _WORDS_MAX:
            break
        if normalise(chunk[0]):
            found.append(chunk)
    return found


def _bare(text: str, start: int, end: int) -> tuple[int, int]:
    """A word without the punctuation round it; all of it when it is nothing else (an emoji)."""
    first, last = start, end
    while first < end and not text[first].isalnum():
        first += 1
    while last > first and not text[last - 1].isalnum():
        last -= 1
    return (first, last) if first < last else (start, end)


def _reader(target: str) -> Callable[[Scores], float]:
    head, _, label = target.partition(".")
    if head == "sentiment" and label in SENTIMENTS:
        return lambda scores: float(getattr(scores.sentiment.probabilities, label))
    if head == "emotion" and label in EMOTIONS:
        return lambda scores: float(getattr(scores.emotion, label))
    if head == "intent" and label in INTENTS:
        return lambda scores: dict(scores.intent.ranking).get(label, 0.0)
    if target == "abuse":
        return lambda scores: scores.abuse
    raise ModelError(
        f"no signal {target!r}: expected sentiment.LABEL, emotion.LABEL, intent.LABEL or abuse"
    )


def _odds(value: float) -> float:
    """Log-odds: near 0 and 1 a probability hardly moves, whatever is left out."""
    kept = min(max(value, _FLOOR), 1 - _FLOOR)
    return log(kept / (1 - kept))


def _scored(
    scorer: Scorer, texts: Iterable[str], known: Mapping[str, Scores] = _NOTHING
) -> dict[str, Scores]:
    """The scores of each text, once."""
    distinct = dict.fromkeys(texts)
    found = {text: known[text] for text in distinct if text in known}
    asked = [text for text in distinct if text not in found]
    return found | dict(zip(asked, scorer.score(asked), strict=True)) if asked else found


def _alone(text: str, parts: Sequence[Piece]) -> list[str]:
    """Each part by itself."""
    return [text[part.cut : part.upto] for part in parts]


def _loudest(alone: Sequence[float], most: int) -> list[int]:
    """The places of the parts that say most by themselves: three, and up to `most` that say nearly as much."""
    odds = [_odds(value) for value in alone]
    order = sorted(range(len(odds)), key=lambda place: (-odds[place], place))
    order = order[: max(_LOUD_LEAST, min(most, LOUD))]
    enough = odds[order[0]] - _NEAR if order else 0.0
    return [p for rank, p in enumerate(order) if rank < _LOUD_LEAST or odds[p] >= enough]


def _spans(
    text: str,
    parts: Sequence[Piece],
    whole: float,
    alone: Sequence[float],
    left_out: Mapping[int, float],
) -> tuple[Span, ...]:
    """The probability of the whole text, of each part alone, and without those parts that were left out."""
    usual = median_low(map(_odds, alone))
    weights = {
        place: _odds(whole) - _odds(without_it) + _ALONE * (_odds(alone[place]) - usual)
        for place, without_it in left_out.items()
    }
    top = max(weights.values())
    if top < _LEAST:
        return ()
    heaviest = sorted(weights, key=lambda place: (-weights[place], place))[:_SHOWN]
    shown = sorted(place for place in heaviest if weights[place] >= _OF_TOP * top)
    total = sum(weight for weight in weights.values() if weight > 0)
    spans: list[Span] = []
    for number, place in enumerate(shown):
        share = weights[place] / total
        if (
            number
            and shown[number - 1] == place - 1
            and _SENTENCE_END.isdisjoint(text[parts[place - 1].end : parts[place].start])
        ):
            before = spans.pop()
            spans.append(Span(before.start, parts[place].end, before.weight + share))
        else:
            spans.append(Span(parts[place].start, parts[place].end, share))
    return tuple(span._replace(weight=round(min(1.0, span.weight), 4)) for span in spans)
