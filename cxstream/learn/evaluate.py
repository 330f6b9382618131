"""How good a scorer is, on a split of the public data: any scorer, through the same door as in production."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cxstream.errors import ModelError
from cxstream.events import Scores
from cxstream.learn.examples import WHOLE, Example, calibrates, fold_of, read
from cxstream.learn.figures import (
    auc,
    average_precision,
    calibration_error,
    cross_fitted,
    f1,
    interval,
    macro_f1,
    macro_recall,
)
from cxstream.understand.labels import EMOTIONS, INTENTS, SENTIMENTS
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Scorer

Figures = dict[str, dict[str, float]]
"""Task -> name of the figure -> value; `n`: the number of texts, `x_low`, `x_high`: the 95 % interval of x."""

STEP: Final = 512
INTENT_SOURCES: Final = ("banking77", "clinc150", "nlupp", "multidogo", "natcs")
Scored = Sequence[tuple[Example, Scores]]
Rows = NDArray[np.int_]


def _silent(work: str, share: float) -> None:
    del work, share


def scored_split(
    scorer: Scorer, data: Path, split: str, report: Callable[[str, float], None] = _silent
) -> list[tuple[Example, Scores]]:
    """The labelled texts of a split with their scores, without texts that are in the training data too.

    They are many (people say "yes"), and would flatter. ModelError when the split holds nothing.
    """
    seen = {normalise(example.text) for example in read(data, "train")}
    held = [e for e in read(data, split) if normalise(e.text) not in seen]
    if not held:
        raise ModelError(
            f"no labelled texts in {data}: expected files like banking77.{split}.jsonl.gz"
        )
    scored: list[tuple[Example, Scores]] = []
    for start in range(0, len(held), STEP):
        part = held[start : start + STEP]
        scored += zip(part, scorer.score([e.text for e in part]), strict=True)
        report(f"evaluating {split}", min(1.0, (start + STEP) / len(held)))
    return scored


def figures_of(scored: Scored, split: str) -> Figures:
    """The figures of scored examples, task by task; tasks without an example are left out.

    Weak labels are not judged by. On `dev` calibration is measured on the half that did not calibrate; of
    `WHOLE`, where all did, by five folds, each calibrated on the others.
    """
    figures: Figures = {}
    for source in INTENT_SOURCES:
        figures[f"intent, {source}"] = _intent(
            [(e, s) for e, s in scored if e.source == source and e.intent is not None]
        )
    figures["intent, out of scope"] = _scope([(e, s) for e, s in scored if e.source == "clinc150"])
    figures["intent, calibration"] = _sureness(scored, split)
    reddit = [(e, s) for e, s in scored if e.source == "goemotions"]
    figures["sentiment, goemotions"] = _sentiment(reddit, split)
    for name in EMOTIONS:
        figures[f"{name}, goemotions"] = _yes_or_no(
            reddit,
            [getattr(s.emotion, name) for _, s in reddit],
            [name in (e.emotions or ()) for e, _ in reddit],
            split,
        )
    bots = [(e, s) for e, s in scored if e.source == "convabuse"]
    figures["abuse, convabuse"] = _yes_or_no(
        bots, [s.abuse for _, s in bots], [bool(e.abuse) for e, _ in bots], split
    )
    return {
        task: {name: round(value, 4) for name, value in found.items()}
        for task, found in figures.items()
        if found
    }


def evaluate(
    scorer: Scorer,
    data: Path,
    *,
    split: str = "dev",
    report: Callable[[str, float], None] = _silent,
) -> Figures:
    """The figures of a scorer on a split; about 16,000 texts on `dev`, each scored once."""
    return figures_of(scored_split(scorer, data, split, report), split)


def _measured(measures: Mapping[str, Callable[[Rows], float]], rows: int) -> dict[str, float]:
    """Each figure over all rows, and its interval."""
    found: dict[str, float] = {}
    for name, measure in measures.items():
        low, high = interval(measure, rows)
        found |= {name: measure(np.arange(rows)), f"{name}_low": low, f"{name}_high": high}
    return found


def _intent(scored: Scored) -> dict[str, float]:
    if not scored:
        return {}
    truth = np.array([INTENTS.index(e.intent or "") for e, _ in scored])
    said = np.array([INTENTS.index(s.intent.label) for _, s in scored])
    first = np.array([e.intent in [label for label, _ in s.intent.ranking[:3]] for e, s in scored])
    measures = {
        "accuracy": lambda rows: float((said[rows] == truth[rows]).mean()),
        "macro_f1": lambda rows: macro_f1(said[rows], truth[rows]),
    }
    return {
        "n": len(scored),
        **_measured(measures, len(scored)),
        "in_first_three": float(first.mean()),
    }


def _scope(scored: Scored) -> dict[str, float]:
    """What is in scope, and how much of what is not is said to be so."""
    known = [(e, s) for e, s in scored if e.intent is not None]
    if not known:
        return {}
    beyond = np.array([e.intent == "out_of_scope" for e, _ in known])
    said = np.array([s.intent.label == "out_of_scope" for _, s in known])
    right = np.array([s.intent.label == e.intent for e, s in known])
    return {
        "n": len(known),
        "in_scope_accuracy": float(right[~beyond].mean()),
        "recall": float(said[beyond].mean()),
        "precision": float(beyond[said].mean()) if said.any() else 0.0,
    }


def _half(scored: Scored, split: str) -> NDArray[np.bool_]:
    """The rows on which calibration may be measured."""
    return np.array(
        [split != "dev" or e.source == WHOLE or not calibrates(e.text) for e, _ in scored]
    )


def _sureness(scored: Scored, split: str) -> dict[str, float]:
    known = [(e, s) for e, s in scored if e.intent is not None and e.source != "natcs"]
    other = [pair for pair, keep in zip(known, _half(known, split), strict=True) if keep]
    if not other:
        return {}
    sure = np.array([s.intent.probability for _, s in other])
    right = np.array([s.intent.label == e.intent for e, s in other])
    return {"n": len(other), "ece": calibration_error(sure, right)}


def _sentiment(scored: Scored, split: str) -> dict[str, float]:
    known = [(e, s) for e, s in scored if e.sentiment is not None]
    if not known:
        return {}
    truth = np.array([SENTIMENTS.index(e.sentiment or "") for e, _ in known])
    said = np.array([SENTIMENTS.index(s.sentiment.label) for _, s in known])
    half = _half(known, split)
    sure = np.array(
        [getattr(s.sentiment.probabilities, s.sentiment.label) for _, s in known], np.float64
    )
    measures = {
        "macro_recall": lambda rows: macro_recall(said[rows], truth[rows]),
        "accuracy": lambda rows: float((said[rows] == truth[rows]).mean()),
        "macro_f1": lambda rows: macro_f1(said[rows], truth[rows]),
    }
    return {
        "n": len(known),
        **_measured(measures, len(known)),
        "ece": calibration_error(sure[half], (said == truth)[half]),
    }


def _yes_or_no(
    scored: Scored, said: list[float], label: list[bool], split: str
) -> dict[str, float]:
    if not any(label):
        return {}
    truth = np.array(label)
    score = np.array(said, np.float64)
    half = _half(scored, split)
    sure = score
    if split == "dev" and all(e.source == WHOLE for e, _ in scored):
        sure = cross_fitted(score, truth, np.array([fold_of(e.text) for e, _ in scored]))
    return {
        "n": len(scored),
        "base": float(truth.mean()),
        **_measured({"auc": lambda rows: auc(score[rows], truth[rows])}, len(scored)),
        "average_precision": average_precision(score, truth),
        "f1_at_half": f1(score >= 0.5, truth),
        "ece": calibration_error(sure[half], truth[half]),
    }
