"""The head of a tenant's intents, from vectors and labels: fitted, cross-validated, calibrated.

Multinomial logistic regression with a ridge penalty, solved to convergence, so that only the folds hang on
the seed. Everything that is promised about it (figures, temperature, what is rejected) comes from five
stratified folds: from rows that the head in question had not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from cxstream.learn.figures import calibration_error, f1, macro_f1
from cxstream.understand.heads import Array
from cxstream.understand.tenant import LEVELS, unusual

Choice = NDArray[np.int_]
Floats = NDArray[np.float64]

FOLDS: Final = 5
STRENGTHS: Final = (3.0, 10.0, 30.0, 100.0)
"""How strongly the labels pull against the penalty (scikit-learn's C); the folds choose."""

ENOUGH: Final = 3000
"""From so many rows on the first fold alone chooses the strength: it says enough, in a fifth of the time."""

REJECTED: Final = 0.0025
"""The share of a tenant's own texts that may be rejected, where no examples say what should be: hardly any."""

REJECTED_OF_FEW: Final = 0.02
FEW: Final = 5
"""In a small file that share is less than one text; there it is five texts, up to this share."""

REJECTED_BOUNDS: Final = (0.005, 0.01)
"""Where they do, they place the threshold, but only so far: they are few, and not what will come."""

Spread = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Linear:
    """Logits are `x @ weight.T + bias`; `means` (labels, d) are the labels' mean directions."""

    weight: Array
    bias: Array
    means: Array

    def logits(self, x: Array) -> Floats:
        """For many rows at once (training only)."""
        return np.asarray(x @ self.weight.T + self.bias, np.float64)

    def nearest(self, x: Array) -> Floats:
        """The highest cosine with a label's mean, a row."""
        return np.asarray((x @ self.means.T).max(1), np.float64)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Everything of a head but whose it is; see `understand.tenant.TenantIntents`."""

    linear: Linear
    temperature: float
    spread: Spread
    typical: Array
    threshold: float
    figures: dict[str, Any]


def fit(x: Array, y: Choice, labels: int, strength: float, steps: int = 40) -> Linear:
    """The head of rows `x` (n, d) of unit length with labels `y` (n), 0 to `labels` - 1, all there.

    L-BFGS in coordinates in which a bound of the Hessian is round: a fifth of the steps.
    """
    middle = x.mean(0)
    centred = x - middle
    power, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    curve = np.maximum(power, 0) / (2 * labels) + 1 / strength
    turn = torch.from_numpy((axes / np.sqrt(curve)).astype(np.float32))
    penalty = torch.from_numpy((0.5 / strength / curve).astype(np.float32))[:, None]
    rows, truth = torch.from_numpy(centred) @ turn, torch.from_numpy(y)
    weight = torch.zeros(x.shape[1], labels, requires_grad=True)
    bias = torch.zeros(labels, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=steps, tolerance_change=1e-7, line_search_fn="strong_wolfe"
    )

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(rows @ weight + bias, truth, reduction="sum")
        loss = (loss + (penalty * weight * weight).sum()) / len(truth)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(step)  # type: ignore[no-untyped-call]
    back = (turn @ weight.detach()).numpy().T
    means = np.stack([x[y == label].mean(0) for label in range(labels)])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return Linear(np.ascontiguousarray(back), bias.detach().numpy() - back @ middle, means)


def folds_of(y: Choice, seed: int) -> Choice:
    """A fold number a row, 0 to 4: each label is spread over them as evenly as it goes."""
    chance = np.random.default_rng(seed)
    fold = np.empty(len(y), np.int64)
    dealt = (
        0  # goes on from label to label, so that small labels do not all land in the first folds
    )
    for label in np.unique(y):
        rows = chance.permutation(np.flatnonzero(y == label))
        fold[rows] = (dealt + np.arange(len(rows))) % FOLDS
        dealt += len(rows)
    return fold


def cross_validated(x: Array, y: Choice, labels: tuple[str, ...], off: Array, seed: int) -> Fitted:
    """The head of all rows, with what its folds said of it.

    `x` (n, d), `y` (n): at least two rows a label. `off` (m, d): rows to reject, m may be 0.
    """
    fold = folds_of(y, seed)
    strength = _strength(x, y, len(labels), fold)
    logits, nearest = np.empty((len(x), len(labels))), np.empty(len(x))
    off_logits, off_nearest = np.zeros((len(off), len(labels))), np.zeros(len(off))
    for number in range(FOLDS):
        held = fold == number
        head = fit(x[~held], y[~held], len(labels), strength)
        logits[held], nearest[held] = head.logits(x[held]), head.nearest(x[held])
        off_logits += head.logits(off) / FOLDS
        off_nearest += head.nearest(off) / FOLDS
    energy = np.logaddexp.reduce(logits, axis=1)
    spread = (
        float(energy.mean()),
        max(float(energy.std()), 1e-6),
        float(nearest.mean()),
        max(float(nearest.std()), 1e-6),
    )
    ours = _scores(logits, nearest, spread)
    theirs = _scores(off_logits, off_nearest, spread)
    share, recall = _rejected(ours, theirs)
    temperature = _temperature(logits, y)
    figures = _figures(logits, y, labels, temperature) | {
        "examples": len(x),
        "labels": len(labels),
        "strength": strength,
        "temperature": round(temperature, 4),
        "rejected_wrongly": round(share, 4),
        "accuracy_with_rejection": round(
            float(((logits.argmax(1) == y) & (ours >= np.quantile(ours, share))).mean()), 4
        ),
        "examples_to_reject": len(off),
        "rejected_rightly": None if recall is None else round(recall, 4),
    }
    typical = np.quantile(ours, np.linspace(0, 1, LEVELS)).astype(np.float32)
    whole = fit(x, y, len(labels), strength)
    return Fitted(whole, temperature, spread, typical, share, figures)


def _strength(x: Array, y: Choice, labels: int, fold: Choice) -> float:
    """The strength with the most right answers on held-out rows; of nearly equal ones the weakest."""
    numbers = range(1 if len(x) >= ENOUGH else FOLDS)
    right = []
    for strength in STRENGTHS:
        found = 0
        for held in (fold == number for number in numbers):
            head = fit(x[~held], y[~held], labels, strength)
            found += int((head.logits(x[held]).argmax(1) == y[held]).sum())
        right.append(found)
    return STRENGTHS[int(np.argmax(right))]


def _scores(logits: Floats, nearest: Floats, spread: Spread) -> Floats:
    pairs = zip(logits, nearest.tolist(), strict=True)
    return np.array([unusual(row, cosine, spread) for row, cosine in pairs], np.float64)


def _rejected(ours: Floats, theirs: Floats) -> tuple[float, float | None]:
    """The share of our own texts that is rejected, and of the others; best in the sum of both rights."""
    few = min(REJECTED_OF_FEW, FEW / len(ours))
    if not len(theirs):
        return max(REJECTED, few), None
    low, high = (max(bound, few) for bound in REJECTED_BOUNDS)
    shares = np.linspace(low, high, 21)
    recalls = [float((theirs < np.quantile(ours, share)).mean()) for share in shares]
    best = int(np.argmax(np.array(recalls) - shares))
    return float(shares[best]), recalls[best]


def _temperature(logits: Floats, y: Choice) -> float:
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


def _figures(
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
    order = np.argsort(-counts, kind="stable")[:10]
    return {
        "accuracy": round(float((said == y).mean()), 4),
        "macro_f1": round(macro_f1(said, y), 4),
        "calibration_error": round(calibration_error(sure, said == y), 4),
        "worst": sorted(rows, key=lambda row: (row["f1"], row["label"]))[:10],
        "confused": [
            {
                "label": labels[mixed[0, i]],
                "taken_for": labels[mixed[1, i]],
                "times": int(counts[i]),
            }
            for i in order
        ],
    }
