"""How an explanation is judged: leave out the words that it names, and see how far the score falls.

The faster the explained probability falls, the better a method ranks the words that carried it; leaving
out words at random is the floor. Methods need nothing but the scorer, so each could be served: its cost is
the number of variants of a text that it has scored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from cxstream.events import Scores
from cxstream.learn.examples import rows
from cxstream.understand.explain import probability
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Scorer

SHARES: Final = (0.1, 0.2, 0.3)
STEP: Final = 256
_WORDS: Final = range(5, 41)
_SURE: Final = 0.5
_FLOOR: Final = 0.0005
_ROUNDS: Final = 1000

Words = tuple[str, ...]
Report = Callable[[str, float], None]


class Method(NamedTuple):
    """A way to weigh words: the texts it has scored, and from their log-odds one weight a word."""

    texts: Callable[[Words], list[str]]
    weights: Callable[[int, np.ndarray[tuple[int], np.dtype[np.float64]]], Sequence[float]]


class Case(NamedTuple):
    """A text by its words, and the signal that was heard in it."""

    words: Words
    target: str


class Fall(NamedTuple):
    """How far a probability fell, on average, with the ends of its 95 % interval over texts."""

    mean: float
    low: float
    high: float


def deletion_test(
    scorer: Scorer, data: Path, *, texts: int = 150, seed: int = 7, report: Report
) -> dict[str, dict[str, dict[float, Fall]]]:
    """Task -> method -> share of words left out -> fall, on the development splits.

    The texts have 5 to 40 words, and a signal with a probability of a half or more: the sentiment of
    GoEmotions where it is not neutral, the intent of Banking77.
    """
    found: dict[str, dict[str, dict[float, Fall]]] = {}
    for source, head in (("goemotions", "sentiment"), ("banking77", "intent")):
        report(f"deletion test on {source}", 0.0)
        said = sorted({normalise(row["text"]) for row in rows(data, source, "dev")})
        cases = _cases(scorer, said, head, texts, seed)
        found[f"{head}, {source}"] = falls(scorer, cases, seed=seed)
        report(f"deletion test on {source}", 1.0)
    return found


def falls(scorer: Scorer, cases: Sequence[Case], *, seed: int = 7) -> dict[str, dict[float, Fall]]:
    """Method -> share of words left out -> how far the probability of the signal fell."""
    chance = np.random.default_rng(seed)
    ranked: dict[str, list[list[int]]] = {}
    for name, method in METHODS.items():
        variants = [method.texts(case.words) for case in cases]
        values = iter(_values(scorer, variants, cases))
        weights = [method.weights(len(case.words), np.asarray(next(values))) for case in cases]
        ranked[name] = [_ranking(weight) for weight in weights]
    ranked["at random"] = [chance.permutation(len(case.words)).tolist() for case in cases]
    whole = [p for (p,) in _probabilities(scorer, [[" ".join(c.words)] for c in cases], cases)]
    found: dict[str, dict[float, Fall]] = {}
    for name, orders in ranked.items():
        left = [
            [_without(c.words, order[: max(1, round(share * len(c.words)))]) for share in SHARES]
            for c, order in zip(cases, orders, strict=True)
        ]
        after = _probabilities(scorer, left, cases)
        found[name] = {
            share: _mean([one - rest[n] for one, rest in zip(whole, after, strict=True)])
            for n, share in enumerate(SHARES)
        }
    return found


def deletion_section(result: Mapping[str, Mapping[str, Mapping[float, Fall]]]) -> str:
    """The falls in words and as a Markdown table, to stand under a heading of the card."""
    shares = " | ".join(f"{share:.0%} left out" for share in SHARES)
    lines = [f"| task | words by | {shares} |", f"|---|---|{'---|' * len(SHARES)}"]
    for task, methods in result.items():
        for name, by_share in methods.items():
            cells = " | ".join(
                f"{f.mean:.3f} [{f.low:.3f}, {f.high:.3f}]" for f in by_share.values()
            )
            lines.append(f"| {task} | {name} | {cells} |")
    return _NOTE + "\n" + "\n".join(lines) + "\n"


_NOTE: Final = """\
How far the probability of the explained signal falls when the words that a method ranks first are left out;
in brackets 95 % bootstrap intervals over texts. Explanations are made by *left out, and half alone*. Gradients
were compared once, on 60 texts a task with an earlier model (`all-MiniLM-L6-v2+07c9be79`), a tenth, a fifth and
three tenths of the words left out: gradient x input .02, .04, .09 for sentiment and .12, .18, .24 for intent,
no more than at random (.05, .08, .13 and .10, .17, .29); its norm .14, .21, .31 and .35, .58, .79;
*left out, and half alone* .38, .47, .56 and .49, .68, .83.
"""


def _cases(scorer: Scorer, texts: list[str], head: str, most: int, seed: int) -> list[Case]:
    np.random.default_rng(seed).shuffle(texts)
    found: list[Case] = []
    fit = [text for text in texts if len(text.split()) in _WORDS]
    for start in range(0, len(fit), STEP):
        part = fit[start : start + STEP]
        for text, scores in zip(part, scorer.score(part), strict=True):
            label = getattr(scores, head).label
            target = f"{head}.{label}"
            if label not in ("neutral", "out_of_scope") and probability(scores, target) >= _SURE:
                found.append(Case(tuple(text.split()), target))
        if len(found) >= most:
            break
    return found[:most]


def _probabilities(
    scorer: Scorer, variants: Sequence[Sequence[str]], cases: Sequence[Case]
) -> list[list[float]]:
    """The probability of each case's signal in each of its variants, every text scored once."""
    texts = sorted({text for several in variants for text in several}, key=lambda t: (len(t), t))
    known: dict[str, Scores] = {}
    for start in range(0, len(texts), STEP):
        part = texts[start : start + STEP]
        known.update(zip(part, scorer.score(part), strict=True))
    return [
        [probability(known[text], case.target) for text in several]
        for several, case in zip(variants, cases, strict=True)
    ]


def _values(
    scorer: Scorer, variants: Sequence[Sequence[str]], cases: Sequence[Case]
) -> list[list[float]]:
    found = _probabilities(scorer, variants, cases)
    kept = [[min(max(p, _FLOOR), 1 - _FLOOR) for p in several] for several in found]
    return [[log(p / (1 - p)) for p in several] for several in kept]


def _ranking(weights: Sequence[float]) -> list[int]:
    return sorted(range(len(weights)), key=lambda place: (-weights[place], place))


def _without(words: Words, gone: Sequence[int]) -> str:
    return " ".join(word for place, word in enumerate(words) if place not in gone)


def _mean(values: Sequence[float]) -> Fall:
    array = np.asarray(values)
    draws = np.random.default_rng(0).integers(0, len(array), (_ROUNDS, len(array)))
    low, high = np.quantile(array[draws].mean(axis=1), (0.025, 0.975))
    return Fall(float(array.mean()), float(low), float(high))


def _each(words: Words) -> list[str]:
    return [_without(words, [place]) for place in range(len(words))]


def _two(words: Words) -> list[str]:
    return [_without(words, [place, place + 1]) for place in range(len(words) - 1)]


def _over_two(count: int, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    """A word's weight is the mean over the one or two windows that it is in."""
    return [float(-values[max(0, n - 1) : n + 1].mean()) for n in range(count)]


METHODS: Final[Mapping[str, Method]] = {
    "each word left out": Method(_each, lambda count, values: (-values).tolist()),
    "two words left out": Method(_two, _over_two),
    "each word alone": Method(list, lambda count, values: values.tolist()),
    "left out, and half alone": Method(  # `understand.explain`, were it to leave out every word
        lambda words: [*_each(words), *words],
        lambda count, values: (values[count:] / 2 - values[:count]).tolist(),
    ),
    "one and two left out": Method(
        lambda words: [*_each(words), *_two(words)],
        lambda count, values: [
            one + two
            for one, two in zip(
                (-values[:count]).tolist(), _over_two(count, values[count:]), strict=True
            )
        ],
    ),
}
