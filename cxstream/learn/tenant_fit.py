"""The head of a tenant's intents, from vectors and labels: fitted, cross-validated, calibrated.

Multinomial logistic regression with a ridge penalty, and a count of words beside it; only the folds hang on
the seed. Everything that is promised about it (figures, temperature, what is rejected) comes from five
stratified folds: from rows that the head in question had not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from cxstream.learn.tenant_figures import figures_of, temperature_of
from cxstream.learn.tenant_words import learn_words
from cxstream.understand.heads import Array
from cxstream.understand.tenant import LEVELS, WORDS, Spread, parts, typicality
from cxstream.understand.wording import Wording

Choice = NDArray[np.int_]
Floats = NDArray[np.float64]

FOLDS: Final = 5
STRENGTHS: Final = (3.0, 10.0, 30.0)
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


LEAST: Final = (0.5, 0.05, 0.1)
"""Where labels are easy their texts hardly differ in a sign; less than this is no deviation."""


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
    words: Wording
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


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts and what the encoder made of them: `texts` (n), normalised, and `x` (n, d), of unit length."""

    texts: Sequence[str]
    x: Array

    def where(self, chosen: NDArray[np.bool_]) -> Rows:
        """Some of them."""
        return Rows([self.texts[i] for i in np.flatnonzero(chosen).tolist()], self.x[chosen])


@dataclass(slots=True)
class Answers:
    """What heads say of rows: logits of the vector, the same with the words, and the highest cosine."""

    logits: Floats
    both: Floats
    nearest: Floats

    @classmethod
    def of(cls, linear: Linear, words: Wording, rows: Rows) -> Answers:
        """Of one head."""
        logits = linear.logits(rows.x)
        said = [words.evidence(text) for text in rows.texts]
        evidence = np.array(said, np.float64).reshape(logits.shape)
        return cls(logits, logits + WORDS * evidence, linear.nearest(rows.x))

    @classmethod
    def none(cls, rows: int, labels: int) -> Answers:
        """Zeros, to be filled."""
        return cls(np.zeros((rows, labels)), np.zeros((rows, labels)), np.zeros(rows))

    def scores(self, spread: Spread) -> Floats:
        """How typical each row is."""
        each = zip(self.logits, self.both, self.nearest.tolist(), strict=True)
        return np.array([typicality(a, b, cosine, spread) for a, b, cosine in each], np.float64)

    def spread(self) -> Spread:
        """Mean and standard deviation of each sign of what is typical."""
        each = zip(self.logits, self.both, self.nearest.tolist(), strict=True)
        signs = np.array([parts(a, b, cosine) for a, b, cosine in each], np.float64)
        (a, b, c), (d, e, f) = signs.mean(0).tolist(), np.maximum(signs.std(0), LEAST).tolist()
        return a, d, b, e, c, f


def cross_validated(
    ours: Rows, y: Choice, labels: tuple[str, ...], theirs: Rows, seed: int
) -> Fitted:
    """The head of all rows, with what its folds said of it.

    `ours` with labels `y` (n): at least two rows a label. `theirs`: rows to reject, perhaps none.
    """
    fold = folds_of(y, seed)
    strength = _strength(ours.x, y, len(labels), fold)
    seen, off = Answers.none(len(y), len(labels)), Answers.none(len(theirs.x), len(labels))
    for number in range(FOLDS):
        held = fold == number
        known = ours.where(~held)
        head = fit(known.x, y[~held], len(labels), strength)
        words = learn_words(known.texts, y[~held], len(labels))
        found = Answers.of(head, words, ours.where(held))
        seen.logits[held], seen.both[held], seen.nearest[held] = (
            found.logits,
            found.both,
            found.nearest,
        )
        found = Answers.of(head, words, theirs)
        off.logits += found.logits / FOLDS
        off.both += found.both / FOLDS
        off.nearest += found.nearest / FOLDS
    spread, logits = seen.spread(), seen.both
    scores = seen.scores(spread)
    share, recall = _rejected(scores, off.scores(spread))
    temperature = temperature_of(logits, y)
    figures = figures_of(logits, y, labels, temperature) | {
        "examples": len(y),
        "labels": len(labels),
        "strength": strength,
        "temperature": round(temperature, 4),
        "rejected_wrongly": round(share, 4),
        "accuracy_with_rejection": round(
            float(((logits.argmax(1) == y) & (scores >= np.quantile(scores, share))).mean()), 4
        ),
        "examples_to_reject": len(theirs.x),
        "rejected_rightly": None if recall is None else round(recall, 4),
    }
    typical = np.quantile(scores, np.linspace(0, 1, LEVELS)).astype(np.float32)
    whole = fit(ours.x, y, len(labels), strength)
    words = learn_words(ours.texts, y, len(labels))
    return Fitted(whole, words, temperature, spread, typical, share, figures)


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
