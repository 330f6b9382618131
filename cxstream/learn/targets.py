"""What each head should say of each example, and how much the example counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from cxstream.learn.calibrate import Weights
from cxstream.learn.examples import Example
from cxstream.learn.network import TAUGHT
from cxstream.understand.heads import KINDS, Array

WEAK_WEIGHT: Final = 0.3


def targets(
    name: str, examples: Sequence[Example], *, authored_weight: float = 1.0
) -> tuple[Array, Weights]:
    """What a head should say of each example (n, labels), and how much each counts; 0: it says nothing."""
    labels = TAUGHT[name]
    y = np.zeros((len(examples), len(labels)), np.float32)
    weights = np.zeros(len(examples), np.float32)
    for row, example in enumerate(examples):
        said = _said(name, example)
        if said is None:
            continue
        for label, share in said.items():
            y[row, labels.index(label)] = share
        weights[row] = 1.0
        if example.source == "authored":
            weights[row] = authored_weight
        elif example.weak and name != "intent":
            weights[row] = WEAK_WEIGHT
    if KINDS[name] == "one_of" and weights.any():
        # rare labels count more, but not so much that the frequent ones are forgotten
        counts = Counter(y[weights > 0].argmax(1).tolist())
        scale = np.array([1 / np.sqrt(max(1, counts[i])) for i in range(len(labels))], np.float32)
        weights *= scale[y.argmax(1)]
        weights /= max(float(weights[weights > 0].mean()), 1e-9)
    return y, weights


def _said(name: str, example: Example) -> dict[str, float] | None:
    """The labels that hold, each with the share of the raters who say so; None where nobody was asked."""
    if name == "intent":
        return None if example.intent is None else {example.intent: 1.0}
    if name == "sentiment":
        return None if example.sentiment is None else {example.sentiment: 1.0}
    if name == "emotion":
        return None if example.emotions is None else dict.fromkeys(example.emotions, 1.0)
    if name == "mood":
        return None if example.moods is None else dict.fromkeys(example.moods, 1.0)
    if example.abuse_share is not None:
        return {"abuse": example.abuse_share}
    return None if example.abuse is None else {"abuse": float(example.abuse)}
