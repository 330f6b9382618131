"""The figures of the cards, each a few lines of numpy, so that evaluation needs nothing but numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]


def auc(score: Floats, truth: Truth) -> float:
    """Probability that a positive scores higher than a negative; ties count half. NaN without both."""
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        return float("nan")
    values, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    del values
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((rank[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(score: Floats, truth: Truth) -> float:
    """Mean precision at each positive, from the highest score down."""
    hits = truth[np.argsort(-score, kind="stable")]
    if not hits.any():
        return float("nan")
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def f1(said: Truth, truth: Truth) -> float:
    """Harmonic mean of precision and recall of one label; 0 where nothing is right."""
    return float(2 * (said & truth).sum() / max(1, said.sum() + truth.sum()))


def macro_f1(said: NDArray[np.int_], truth: NDArray[np.int_]) -> float:
    """Mean F1 over the labels that occur in the truth."""
    return float(np.mean([f1(said == label, truth == label) for label in np.unique(truth)]))


def macro_recall(said: NDArray[np.int_], truth: NDArray[np.int_]) -> float:
    """Mean recall over the labels that occur in the truth."""
    return float(np.mean([(said[truth == label] == label).mean() for label in np.unique(truth)]))


def calibration_error(probability: Floats, truth: Truth, bins: int = 15) -> float:
    """Expected calibration error: mean gap of probability and frequency, over equal-width bins."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gap = 0.0
    for bin_ in np.unique(place):
        inside = place == bin_
        gap += inside.mean() * abs(probability[inside].mean() - truth[inside].mean())
    return float(gap)


def cross_fitted(probability: Floats, truth: Truth, folds: NDArray[np.int_]) -> Floats:
    """The probabilities as they would be, had each fold been calibrated (Platt) on the others only.

    What is given was calibrated on all of `truth`, by slope and offset; doing it again on a part undoes that.
    """
    near = np.clip(probability, 1e-4, 1 - 1e-4)
    read = np.stack([np.log(near / (1 - near)), np.ones(len(near))], 1)
    found = np.empty(len(near))
    for fold in np.unique(folds):
        taught = folds != fold
        found[~taught] = _chance(read[~taught] @ _logistic(read[taught], truth[taught]))
    return found


def _logistic(read: Floats, truth: Truth) -> Floats:
    """The weights of a logistic regression, by Newton's steps; a little ridge keeps them finite."""
    weights = np.zeros(read.shape[1])
    ridge = 1e-3 * np.eye(read.shape[1])
    for _ in range(30):
        chance = _chance(read @ weights)
        slope = read.T @ (truth - chance) - ridge @ weights
        bend = (read.T * (chance * (1 - chance))) @ read + ridge
        weights = weights + np.linalg.solve(bend, slope)
    return weights


def _chance(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -60, 60))))


def interval(
    measure: Callable[[NDArray[np.int_]], float], rows: int, *, rounds: int = 200, seed: int = 7
) -> tuple[float, float]:
    """The 95 % interval of a figure by bootstrap: `measure` gets row numbers drawn with replacement."""
    chance = np.random.default_rng(seed)
    drawn = [measure(chance.integers(0, rows, rows)) for _ in range(rounds)]
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return float(low), float(high)
