"""What the folds say of a tenant's intents, as numbers that a person can act on."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cxstream.learn.figures import calibration_error, f1, macro_f1

Choice = NDArray[np.int_]
Floats = NDArray[np.float64]

SHOWN: Final = 10
"""Labels and pairs of labels that are worth looking at."""


def temperature_of(logits: Floats, y: Choice) -> float:
    """What the logits are divided by for the least log loss; by golden section on its logarithm."""

    def loss(power: float) -> float:
        scaled = logits / np.exp(power)
        hit = np.take_along_axis(scaled, y[:, None], 1)[:, 0]
        return float((np.logaddexp.reduce(scaled, axis=1) - hit).mean())

    low, high = -3.0, 3.0
    golden = (5**0.5 - 1) / 2
    for _ in range(24):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def figures_of(
    logits: Floats, y: Choice, labels: tuple[str, ...], temperature: float
) -> dict[str, Any]:
    scaled = logits / temperature
    said = logits.argmax(1)
    sure = np.exp(scaled.max(1) - np.logaddexp.reduce(scaled, axis=1))
    rows = []
    for place, label in enumerate(labels):
        true, told = y == place, said == place
        both = int((true & told).sum())
        rows.append(
            {
                "label": label,
                "examples": int(true.sum()),
                "precision": round(both / max(1, int(told.sum())), 3),
                "recall": round(both / int(true.sum()), 3),
                "f1": round(f1(told, true), 3),
            }
        )
    mixed, counts = np.unique(np.stack([y, said])[:, y != said], axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:SHOWN]
    return {
        "accuracy": round(float((said == y).mean()), 4),
        "macro_f1": round(macro_f1(said, y), 4),
        "calibration_error": round(calibration_error(sure, said == y), 4),
        "worst": sorted(rows, key=lambda row: (row["f1"], row["label"]))[:SHOWN],
        "confused": [
            {
                "label": labels[mixed[0, i]],
                "taken_for": labels[mixed[1, i]],
                "times": int(counts[i]),
            }
            for i in order
        ],
    }
