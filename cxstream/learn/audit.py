"""Does a score change when only the speaker does? Counterfactual swaps on sentences of our own.

Each customer's turn in audit.yaml is said twice, by the two voices of a swap (see `audit_swaps`), and the
second's scores less the first's are the change. Changes are averaged over a template's pairs, then over
templates; the interval is a bootstrap over templates (for risk: over conversations). The names and
sentences are a choice of ours: an audit finds a bias, it never proves that there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cxstream.context.foresight import Foresight
from cxstream.events import Risk, Role, Scores
from cxstream.learn.audit_bounds import BOUNDS, CHANGES, RISES, RISKS, SHARES, beyond
from cxstream.learn.audit_risk import conversation_risk
from cxstream.learn.audit_swaps import CALM, Kind, Sentences, Swap, Turn, read, swaps
from cxstream.understand.scorer import Reading, Scorer, readings

SAMPLES: Final = 2000
SEED: Final = 7
STEP: Final = 256
ABUSIVE: Final = 0.5

Report = Callable[[str, float], None]
Values = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean, the ends of its 95 % interval, and the number of templates (conversations) behind it."""

    mean: float
    low: float
    high: float
    units: int


@dataclass(frozen=True, slots=True)
class Found:
    """What one swap changes: measure -> figure, and the measures that went past their bound.

    `outlier` is the one name of a group whose abuse score rises most, with its mean rise: a mean over a group
    hides a name that is also a rude word. Empty for other kinds.
    """

    kind: Kind
    what: str
    texts: int
    figures: Mapping[str, Figure]
    beyond: tuple[str, ...]
    outlier: str = ""
    outlier_rise: float = 0.0


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit of one model, in the order of the swaps."""

    model: str
    found: tuple[Found, ...]

    @property
    def crossed(self) -> list[str]:
        """Each bound that was crossed, in words; empty when the model holds all."""
        return [
            f"{one.kind}, {one.what}: {measure} {one.figures[measure].mean:+.3f}"
            f" (bound {BOUNDS[one.kind][measure]:g})"
            for one in self.found
            for measure in one.beyond
        ]


class Kept:
    """A scorer that scores each text once and remembers it; an audit says most of its texts again."""

    def __init__(self, scorer: Scorer) -> None:
        self.name = scorer.name
        self._scorer = scorer
        self._known: dict[str, Reading] = {}

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """As the scorer within."""
        return [reading.scores for reading in self.read(texts)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """As the scorer within."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, readings(self._scorer, new), strict=True))
        return [self._known[text] for text in texts]


def audit(
    scorer: Scorer,
    foresight: Foresight,
    report: Report,
    sentences: Sentences | None = None,
) -> Audit:
    """Measure every swap. The same scorer and sentences give the same figures.

    `report(what, share)` is told how far it is. Takes about six thousand texts.
    """
    told = sentences or read()
    kept, all_swaps = Kept(scorer), swaps(told)
    texts = {
        voice.say(turn)
        for swap in all_swaps
        for conversation in told.told_with(swap)
        for turn in conversation
        for pair in swap.pairs
        for voice in pair
    }
    ordered = sorted(texts, key=lambda text: (len(text), text))
    for start in range(0, len(ordered), STEP):
        report("scoring the swaps", start / len(ordered))
        kept.score(ordered[start : start + STEP])

    def risk(conversation: Sequence[Turn], said: Sequence[str]) -> Risk:
        roles = (turn.role for turn in conversation)
        return conversation_risk(list(zip(roles, said, strict=True)), kept, foresight)

    found: list[Found] = []
    for number, swap in enumerate(all_swaps):
        report("comparing the swaps", number / len(all_swaps))
        found.append(_measure(swap, told, kept, risk))
    return Audit(scorer.name, tuple(found))


def _measure(
    swap: Swap,
    told: Sentences,
    kept: Kept,
    risk: Callable[[Sequence[Turn], Sequence[str]], Risk],
) -> Found:
    values: Values = {name: [] for name in (*CHANGES, *SHARES, *RISES, *RISKS)}
    texts: set[str] = set()
    for conversation in told.told_with(swap):
        said = [
            ([before.say(t) for t in conversation], [after.say(t) for t in conversation])
            for before, after in swap.pairs
        ]
        for place, turn in enumerate(conversation):
            pairs = [(one[place], two[place]) for one, two in said if one[place] != two[place]]
            if turn.role is Role.CUSTOMER and pairs:
                texts.update(two for _, two in pairs)
                _add(values, (_changes(kept, turn, *pair) for pair in pairs))
        moved = [(one, two) for one, two in said if one != two]
        if moved:
            _add(
                values,
                (_risks(risk(conversation, one), risk(conversation, two)) for one, two in moved),
            )
    figures = {name: _figure(found) for name, found in values.items() if found}
    past = tuple(name for name, f in figures.items() if beyond(swap.kind, name, f.mean))
    name, rise = _outlier(swap, told, kept) if swap.kind == "name" else ("", 0.0)
    return Found(swap.kind, swap.what, len(texts), figures, past, name, rise)


def _outlier(swap: Swap, told: Sentences, kept: Kept) -> tuple[str, float]:
    turns = [turn for conversation in told.conversations for turn in conversation]
    rises: dict[str, float] = {}
    for before, after in swap.pairs:
        said = [(before.say(turn), after.say(turn)) for turn in turns]
        scored = [kept.score(pair) for pair in said if pair[0] != pair[1]]
        total = sum(two.abuse - one.abuse for one, two in scored)
        rises[after.words["name"]] = round(total / max(1, len(scored)), 6)
    return max(rises.items(), key=lambda item: item[1])


def _changes(kept: Kept, turn: Turn, before: str, after: str) -> dict[str, float]:
    one, two = kept.score([before, after])
    changes = {
        "valence": two.sentiment.valence - one.sentiment.valence,
        "abuse": two.abuse - one.abuse,
        "intent changed": float(two.intent.label != one.intent.label),
        "sentiment changed": float(two.sentiment.label != one.sentiment.label),
        "abuse over half": float(two.abuse >= ABUSIVE) - float(one.abuse >= ABUSIVE),
    }
    for name in ("anger", "dissatisfaction", "distress"):
        changes[name] = getattr(two.emotion, name) - getattr(one.emotion, name)
    if turn.tone in CALM:
        heard = [scores.sentiment.label == "negative" for scores in (one, two)]
        changes["calm heard as negative"] = float(heard[1]) - float(heard[0])
    return changes


def _risks(before: Risk, after: Risk) -> dict[str, float]:
    return {
        "risk annoyed": after.annoyed - before.annoyed,
        "risk dissatisfied": after.dissatisfied - before.dissatisfied,
        "risk goal not met": after.goal_not_met - before.goal_not_met,
    }


def _add(values: Values, changes: Iterable[Mapping[str, float]]) -> None:
    """One template's mean over its pairs, as one more value of each measure."""
    several = list(changes)
    for name in several[0]:
        values[name].append(sum(change[name] for change in several) / len(several))


def _figure(values: Sequence[float]) -> Figure:
    """The mean with its percentile bootstrap interval; the draws hang on nothing but the number of values."""
    array = np.asarray(values, np.float64)
    draws = np.random.default_rng(SEED).integers(0, len(array), (SAMPLES, len(array)))
    low, high = np.quantile(array[draws].mean(axis=1), (0.025, 0.975))
    return Figure(
        round(float(array.mean()), 6), round(float(low), 6), round(float(high), 6), len(array)
    )
