"""The head of moods, GoEmotions' own four groups: tuned with the encoder, calibrated here, and judged.

A mood counts as heard from a threshold of its own on, the one of the best F1 where it was calibrated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cxstream.learn.calibrate import calibrated, probabilities
from cxstream.learn.evaluate import Figures
from cxstream.learn.examples import Example, calibrates, read
from cxstream.learn.figures import auc, calibration_error, f1, interval
from cxstream.learn.vectors import vectors
from cxstream.understand.encoder import Encoder
from cxstream.understand.heads import Array, Head, Heads, load, save
from cxstream.understand.labels import MOODS
from cxstream.understand.model import features
from cxstream.understand.mood import MOOD, WANTED
from cxstream.understand.normalise import normalise

STEPS: Final = np.round(np.arange(0.1, 0.7, 0.01), 2)

Report = Callable[[str, float], None]
Numbers = NDArray[np.float64]
Thresholds = dict[str, float]


def settle_mood(
    head: Head, encoder: Encoder, data: Path, models: Path, *, report: Report, cache: Path
) -> Thresholds:
    """Calibrate the tuned head on half of dev, write `models/scores/mood.safetensors`, give the thresholds.

    ModelError when the data are missing.
    """
    taught = [e for e in read(data, "train") if e.moods]
    held = [e for e in _held(taught, data, "dev") if calibrates(e.text)]
    x, y = _told(held, encoder, cache, report)
    head = calibrated(head, x, y)
    heads = Heads("mood", encoder.name, encoder.fingerprint, encoder.dimensions, {"mood": head})
    (models / MOOD).parent.mkdir(parents=True, exist_ok=True)
    save(heads, models / MOOD)
    return thresholds_of(probabilities(head, x), y > 0)


def judge_mood(
    encoder: Encoder,
    data: Path,
    models: Path,
    split: str,
    thresholds: Mapping[str, float],
    *,
    report: Report,
    cache: Path,
) -> Figures:
    """F1 of each mood and their mean, on texts that are not in the training data; on dev, half of them.

    Nothing where the split has no such texts.
    """
    taught = [e for e in read(data, "train") if e.moods]
    held = _held(taught, data, split)
    if split == "dev":
        held = [e for e in held if not calibrates(e.text)]
    if not held:
        return {}
    head = load(models / MOOD, WANTED).heads["mood"]
    x, y = _told(held, encoder, cache, report)
    chance, truth = probabilities(head, x), y > 0
    said = chance >= np.array([thresholds[mood] for mood in MOODS])

    def mean_f1(rows: NDArray[np.int_]) -> float:
        return float(np.mean([f1(said[rows, n], truth[rows, n]) for n in range(len(MOODS))]))

    low, high = interval(mean_f1, len(held))
    found = {
        "n": float(len(held)),
        "macro_f1": mean_f1(np.arange(len(held))),
        "macro_f1_low": low,
        "macro_f1_high": high,
        **{f"{mood}_f1": f1(said[:, n], truth[:, n]) for n, mood in enumerate(MOODS)},
        "auc": float(np.mean([auc(chance[:, n], truth[:, n]) for n in range(len(MOODS))])),
        "ece": max(calibration_error(chance[:, n], truth[:, n]) for n in range(len(MOODS))),
    }
    return {"moods, goemotions": {name: round(value, 4) for name, value in found.items()}}


def thresholds_of(chance: Numbers, truth: NDArray[np.bool_]) -> Thresholds:
    """Where each mood's F1 is best, the lowest of equals."""
    return {
        mood: float(max(STEPS, key=lambda at: f1(chance[:, n] >= at, truth[:, n])))
        for n, mood in enumerate(MOODS)
    }


def _held(taught: Sequence[Example], data: Path, split: str) -> list[Example]:
    seen = {normalise(e.text) for e in taught}
    return [e for e in read(data, split) if e.moods and normalise(e.text) not in seen]


def _told(
    examples: Sequence[Example], encoder: Encoder, cache: Path, report: Report
) -> tuple[Array, Array]:
    plain = [normalise(e.text) for e in examples]
    read = vectors(encoder, plain, cache, report)
    x = features(read, plain)
    y = np.array([[mood in (e.moods or ()) for mood in MOODS] for e in examples], np.float32)
    return x, y
