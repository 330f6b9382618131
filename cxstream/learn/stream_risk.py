"""Weighs the risk on what the stream remembers, and picks by cross-validation what to weigh.

Few dialogues end badly, so the weighing is linear and strongly held back. The logistic is told how often
each task ends badly anyway and learns what is left: what the conversation itself says. Folds share no
customer worker; every figure is of dialogues whose worker neither the weights nor the phrases have met, and
what is weighed on phrases is weighed on those of other workers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cxstream.learn.risk import SHARES, rates, within
from cxstream.learn.stream_data import Dialogue, with_gist
from cxstream.learn.stream_phrases import Heard
from cxstream.understand.memory import SUMS
from cxstream.understand.phrases import TOLD
from cxstream.understand.stream import Stream
from cxstream.understand.trajectory import RuleTrajectory, measures

FOLDS: Final = 5
REPEATS: Final = 3
Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

_MEASURES: Final = len(measures({}))
_SUMMED: Final = _MEASURES + SUMS


@dataclass(frozen=True, slots=True)
class Weighed:
    """A linear score of the evidence: log-odds up to calibration."""

    weight: Floats
    offset: float

    def __call__(self, evidence: Floats) -> Floats:
        return evidence @ self.weight + self.offset


@dataclass(frozen=True, slots=True)
class Way:
    """What a way of weighing reads (the first `width` numbers of the evidence), and how it is held back.

    `by_task` says whether it is told the rate of the task while it learns.
    """

    width: int
    ridge: float
    by_task: bool


def ways(units: int) -> dict[str, Way]:
    """The ways that are compared; each is also tried with the weights set by hand."""
    return {
        "cumulative": Way(_MEASURES, 10.0, by_task=False),
        "sums": Way(_SUMMED, 30.0, by_task=True),
        "stream": Way(_SUMMED + units, 300.0, by_task=True),
    }


BLENDS: Final[dict[str, tuple[str, ...]]] = {
    "by hand": ("by hand",),
    "cumulative": ("cumulative",),
    "sums": ("sums",),
    "stream": ("stream",),
    "by hand + sums": ("by hand", "sums"),
    "by hand + sums + stream": ("by hand", "sums", "stream"),
    "phrases": ("phrases",),
    "stream + phrases": ("stream", "phrases"),
    "by hand + sums + stream + phrases": ("by hand", "sums", "stream", *["phrases"] * 3),
}
"""Each blend is the mean of its parts, brought to the same spread: still one row of weights.

The first three read the same numbers; phrases know what none of these does, and count as much as they all."""


def evidence(
    stream: Stream, dialogues: Sequence[Dialogue], gists: Mapping[str, bytes]
) -> list[Floats]:
    """Of each dialogue what the risk is weighed on, after every customer turn; run by the serving code.

    Without what the phrases told: that is another number for every fold.
    """
    found = []
    for dialogue in dialogues:
        memory, rows = b"", []
        for turn in dialogue.turns:
            memory = stream.follow(memory, with_gist(turn, gists))
            if turn.measured is not None:
                rows.append(stream.plain.evidence(memory, tuple(turn.measured.values())))
        found.append(np.array(rows, np.float64)[:, :-TOLD])
    return found


def with_phrases(
    rows: Sequence[Floats],
    dialogues: Sequence[Dialogue],
    heard: Heard,
    outcome: str,
    told: Sequence[int],
    repeat: int,
) -> list[Floats]:
    """The rows, with a last column of what phrases told.

    It is told by the dialogues `told`: to the others by all of them, to themselves by those of the folds that
    they are not in, in a split of their own.
    """
    columns: list[Floats] = [np.zeros(0)] * len(rows)
    own = {n: fold_of(dialogues[n].worker, REPEATS + repeat) for n in told}
    for fold in range(FOLDS + 1):
        others = [n for n in told if own[n] != fold]
        hearing = [n for n in range(len(rows)) if own.get(n, FOLDS) == fold]
        if hearing and others:
            column = heard.of(others).column([dialogues[n] for n in others], outcome)
            for n, means in zip(hearing, heard.means(column, hearing), strict=True):
                columns[n] = means
    return [np.c_[row, column] for row, column in zip(rows, columns, strict=True)]


def at_shares(rows: Floats) -> Floats:
    """The rows after each of SHARES of the customer's turns."""
    return rows[[max(1, round(share * len(rows))) - 1 for share in SHARES]]


def fit_parts(
    rows: Sequence[Floats], dialogues: Sequence[Dialogue], outcome: str, units: int
) -> dict[str, Weighed]:
    """Every way, fitted on dialogues of which the outcome is known; all with the same spread.

    The last number of a row is what the phrases told of this outcome.
    """
    x = np.concatenate([at_shares(r) for r in rows])
    last = np.zeros(x.shape[1])
    last[-1] = 1.0
    found = {"by hand": _by_hand(outcome, x.shape[1]), "phrases": Weighed(last, 0.0)}
    found |= {n: _logistic(x, dialogues, outcome, way) for n, way in ways(units).items()}
    return {name: _even(part, part(x)) for name, part in found.items()}


def blended(parts: Mapping[str, Weighed], blend: str) -> Weighed:
    """The mean of the parts of a blend."""
    names = BLENDS[blend]
    weight = np.mean([parts[name].weight for name in names], axis=0)
    return Weighed(weight, sum(parts[name].offset for name in names) / len(names))


def _even(part: Weighed, values: Floats) -> Weighed:
    spread = float(values.std()) or 1.0
    return Weighed(part.weight / spread, (part.offset - float(values.mean())) / spread)


def _by_hand(outcome: str, width: int) -> Weighed:
    weighing = RuleTrajectory.weighings[outcome]
    weight = np.zeros(width)
    weight[:_MEASURES] = [weighing.weights.get(name, 0.0) for name in measures({})]
    return Weighed(weight, weighing.offset)


def _logistic(x: Floats, dialogues: Sequence[Dialogue], outcome: str, way: Way) -> Weighed:
    """Newton's steps on standardised numbers, both ends weighing the same."""
    truth = np.array([d.ended[outcome] for d in dialogues])
    known = np.zeros(len(dialogues))
    if way.by_task:
        rate = rates(dialogues, outcome)
        known = np.array([_log_odds(rate(d.task)) for d in dialogues])
    y = np.repeat(truth.astype(float), len(SHARES))
    given = np.repeat(known - known.mean(), len(SHARES))
    mean, spread = x[:, : way.width].mean(0), x[:, : way.width].std(0) + 1e-3
    z = np.c_[(x[:, : way.width] - mean) / spread, np.ones(len(x))]
    share = min(max(y.mean(), 1e-3), 1 - 1e-3)
    row_weight = np.where(y > 0, 0.5 / share, 0.5 / (1 - share))
    ridge = np.full(z.shape[1], way.ridge)
    ridge[-1] = 1e-6
    w = np.zeros(z.shape[1])
    for _ in range(12):
        p = 1 / (1 + np.exp(-np.clip(z @ w + given, -30, 30)))
        slope = z.T @ (row_weight * (p - y)) + ridge * w
        bend = (z * (row_weight * p * (1 - p))[:, None]).T @ z + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        w -= step
        if np.abs(step).max() < 1e-4:
            break
    weight = np.zeros(x.shape[1])
    weight[: way.width] = w[:-1] / spread
    return Weighed(weight, float(w[-1] - mean @ weight[: way.width]))


def _log_odds(p: float) -> float:
    return float(np.log(p / (1 - p)))


def fold_of(worker: str, repeat: int) -> int:
    """The fold of a customer worker; another split of the workers with each repeat."""
    return sha256(f"{repeat} {worker}".encode()).digest()[0] % FOLDS


def crossed(
    rows: Sequence[Floats], dialogues: Sequence[Dialogue], heard: Heard, outcome: str, units: int
) -> dict[str, list[Floats]]:
    """Of each blend the scores after every customer turn, by weights and phrases that have not met the worker.

    Dialogue by dialogue; the mean of all repeats.
    """
    found = {blend: [np.zeros(len(r)) for r in rows] for blend in BLENDS}
    for repeat in range(REPEATS):
        folds = [fold_of(d.worker, repeat) for d in dialogues]
        for fold in range(FOLDS):
            rest = [n for n, f in enumerate(folds) if f != fold]
            full = with_phrases(rows, dialogues, heard, outcome, rest, repeat)
            parts = fit_parts([full[n] for n in rest], [dialogues[n] for n in rest], outcome, units)
            for blend, scores in found.items():
                weighed = blended(parts, blend)
                for n, f in enumerate(folds):
                    if f == fold:
                        scores[n] += weighed(full[n]) / REPEATS
    return found


def calibration(scores: Sequence[Floats], truth: Truth) -> tuple[float, float]:
    """Slope and offset that make probabilities of scores, over all shares of the dialogues together."""
    x = np.concatenate([at_shares(s) for s in scores])
    y = np.repeat(truth.astype(float), len(SHARES))
    z = np.c_[x, np.ones(len(x))]
    w = np.array([1.0, _log_odds(min(max(y.mean(), 1e-3), 1 - 1e-3))])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(z @ w, -30, 30)))
        bend = (z * (p * (1 - p))[:, None]).T @ z + np.eye(2) * 1e-6
        w -= np.linalg.solve(bend, z.T @ (p - y))
    return float(w[0]), float(w[1])


def best(found: dict[str, list[Floats]], dialogues: Sequence[Dialogue], outcome: str) -> str:
    """The blend that tells dialogues of the same task apart best at half and three quarters."""
    truth = np.array([d.ended[outcome] for d in dialogues])
    tasks = np.array([d.task for d in dialogues])

    def worth(name: str) -> float:
        seen = np.stack([at_shares(scores) for scores in found[name]])
        return sum(within(seen[:, SHARES.index(s)], truth, tasks) for s in (0.5, 0.75))

    return max(found, key=worth)
