"""How good a scorer is, on the development splits: any scorer, through the same door as in production."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from cxstream.events import Scores
from cxstream.learn.examples import Example, calibrates, read
from cxstream.learn.figures import (
    auc,
    average_precision,
    calibration_error,
    f1,
    macro_f1,
    macro_recall,
)
from cxstream.understand.labels import EMOTIONS, INTENTS, SENTIMENTS
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Scorer

Figures = dict[str, dict[str, float]]
"""Task -> name of the figure -> value; `n` is the number of texts."""

STEP: Final = 512
Scored = Sequence[tuple[Example, Scores]]


def _silent(work: str, share: float) -> None:
    del work, share


def evaluate(
    scorer: Scorer, data: Path, *, report: Callable[[str, float], None] = _silent
) -> Figures:
    """The figures of a scorer on the development data; about 16,000 texts, each scored once.

    Texts that are also in the training data (they are many: people say "yes") and weak labels are left
    out. Calibration is measured on the half that did not calibrate. ModelError when data are missing.
    """
    seen = {normalise(example.text) for example in read(data, "train")}
    held = [e for e in read(data, "dev") if normalise(e.text) not in seen]
    scored: list[tuple[Example, Scores]] = []
    for start in range(0, len(held), STEP):
        part = held[start : start + STEP]
        scored += zip(part, scorer.score([e.text for e in part]), strict=True)
        report("evaluating", min(1.0, (start + STEP) / len(held)))
    figures: Figures = {}
    for source in ("banking77", "clinc150", "nlupp", "multidogo", "natcs"):
        figures[f"intent, {source}"] = _intent(
            [s for s in scored if s[0].source == source and s[0].intent is not None]
        )
    figures["intent, calibration"] = _sureness(scored)
    reddit = [s for s in scored if s[0].source == "goemotions"]
    figures["sentiment, goemotions"] = _sentiment(reddit)
    for name in EMOTIONS:
        figures[f"{name}, goemotions"] = _yes_or_no(
            reddit,
            [getattr(s.emotion, name) for _, s in reddit],
            [name in (e.emotions or ()) for e, _ in reddit],
        )
    bots = [s for s in scored if s[0].source == "convabuse"]
    figures["abuse, convabuse"] = _yes_or_no(
        bots, [s.abuse for _, s in bots], [bool(e.abuse) for e, _ in bots]
    )
    return {
        task: {name: round(value, 4) for name, value in found.items()}
        for task, found in figures.items()
    }


def _intent(scored: Scored) -> dict[str, float]:
    truth = np.array([INTENTS.index(e.intent or "") for e, _ in scored])
    said = np.array([INTENTS.index(s.intent.label) for _, s in scored])
    return {
        "n": len(scored),
        "accuracy": float((said == truth).mean()),
        "macro_f1": macro_f1(said, truth),
        "in_first_three": float(
            np.mean([e.intent in [label for label, _ in s.intent.ranking[:3]] for e, s in scored])
        ),
    }


def _sureness(scored: Scored) -> dict[str, float]:
    other = [
        (e, s)
        for e, s in scored
        if e.intent is not None and e.source != "natcs" and not calibrates(e.text)
    ]
    sure = np.array([s.intent.probability for _, s in other])
    right = np.array([s.intent.label == e.intent for e, s in other])
    return {"n": len(other), "ece": calibration_error(sure, right)}


def _sentiment(scored: Scored) -> dict[str, float]:
    known = [(e, s) for e, s in scored if e.sentiment is not None]
    truth = np.array([SENTIMENTS.index(e.sentiment or "") for e, _ in known])
    said = np.array([SENTIMENTS.index(s.sentiment.label) for _, s in known])
    half = np.array([not calibrates(e.text) for e, _ in known])
    sure = np.array(
        [getattr(s.sentiment.probabilities, s.sentiment.label) for _, s in known], np.float64
    )
    return {
        "n": len(known),
        "macro_recall": macro_recall(said, truth),
        "accuracy": float((said == truth).mean()),
        "macro_f1": macro_f1(said, truth),
        "ece": calibration_error(sure[half], (said == truth)[half]),
    }


def _yes_or_no(scored: Scored, said: list[float], label: list[bool]) -> dict[str, float]:
    truth = np.array(label)
    score = np.array(said, np.float64)
    half = np.array([not calibrates(e.text) for e, _ in scored])
    return {
        "n": len(scored),
        "base": float(truth.mean()),
        "auc": auc(score, truth),
        "average_precision": average_precision(score, truth),
        "f1_at_half": f1(score >= 0.5, truth),
        "ece": calibration_error(score[half], truth[half]),
    }
