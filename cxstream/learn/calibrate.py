"""From a network's raw outputs to probabilities and decisions, on texts that it was not taught.

First the balance: a constant a label, so that the label with the highest output is the best decision (for
intents: when to say that it is none of them; for sentiment: so that no class is favoured for being frequent
where the data came from). Then the temperature, so that the probabilities say how often they are right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cxstream.learn.figures import macro_recall
from cxstream.understand.heads import Array, Head, Kind

Weights = NDArray[np.float32]
Choice = NDArray[np.int_]

_STEPS: Final = tuple(np.round(np.arange(-2.0, 2.01, 0.1), 1).tolist())


def loss_of(out: torch.Tensor, y: torch.Tensor, weights: torch.Tensor, kind: Kind) -> torch.Tensor:
    """The weighted sum of the losses of the rows: cross entropy, of one label or of each by itself."""
    if kind == "one_of":
        each = -(y * torch.log_softmax(out, 1)).sum(1)
    else:
        each = nn.functional.binary_cross_entropy_with_logits(out, y, reduction="none").sum(1)
    return (each * weights).sum()


def logits(head: Head, x: Array) -> Array:
    """The uncalibrated outputs for many rows at once (training only; serving goes row by row)."""
    value = x
    for number, (weight, bias) in enumerate(head.layers):
        value = (np.maximum(value, 0) if number else value) @ weight.T + bias
    return np.asarray(value, np.float32)


def balanced(
    head: Head, x: Array, y: Array, moved: tuple[str, ...], worth: Callable[[Choice, Choice], float]
) -> Head:
    """The `one_of` head with a constant on the labels `moved` that makes its decisions worth most.

    `worth` of (said, truth), both label numbers, is higher where better; of equals the smallest shift holds.
    """
    raw, truth = logits(head, x), y.argmax(1)
    places = [head.labels.index(label) for label in moved]
    best = (-np.inf, 0.0)
    found = np.zeros(len(head.labels), np.float32)
    for shifts in product(_STEPS, repeat=len(places)):
        offset = np.zeros(len(head.labels), np.float32)
        offset[places] = shifts
        rank = (round(worth((raw + offset).argmax(1), truth), 6), -float(np.abs(shifts).sum()))
        if rank > best:
            best, found = rank, offset
    return replace(head, offset=found)


def in_and_out(out: int) -> Callable[[Choice, Choice], float]:
    """Worth by accuracy, what is in scope and what is not (label number `out`) counting the same."""

    def worth(said: Choice, truth: Choice) -> float:
        right, beyond = said == truth, truth == out
        return float((right[~beyond].mean() + right[beyond].mean()) / 2)

    return worth


def even_recall(said: Choice, truth: Choice) -> float:
    """The mean of the labels' recalls."""
    return macro_recall(said, truth)


def calibrated(head: Head, x: Array, y: Array) -> Head:
    """The head with slope and offset that make its probabilities fit `y` best (log loss) on `x`.

    `one_of`: one temperature for all labels, the balance stays. `each`: slope and offset a label (Platt).
    """
    raw = torch.from_numpy(logits(head, x)).double()
    truth = torch.from_numpy(y).double()
    wide = raw.shape[1]
    balance = torch.from_numpy(head.offset).double()
    log_slope = torch.zeros(1 if head.kind == "one_of" else wide, dtype=torch.float64)
    offset = torch.zeros(wide, dtype=torch.float64)
    log_slope.requires_grad_()
    offset.requires_grad_(head.kind == "each")
    moving = [log_slope, offset] if head.kind == "each" else [log_slope]
    optimiser = torch.optim.LBFGS(moving, max_iter=100, line_search_fn="strong_wolfe")
    ones = torch.ones(len(raw), dtype=torch.float64)

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        loss = loss_of((raw + balance) * log_slope.exp() + offset, truth, ones, head.kind) / len(
            raw
        )
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(step)  # type: ignore[no-untyped-call]
    slope = log_slope.detach().exp().expand(wide).numpy()
    return replace(
        head,
        slope=slope.astype(np.float32),
        offset=(slope * head.offset + offset.detach().numpy()).astype(np.float32),
    )


def probabilities(head: Head, x: Array) -> NDArray[np.float64]:
    """Calibrated probabilities for many rows at once (training and evaluation of heads)."""
    value = logits(head, x).astype(np.float64) * head.slope + head.offset
    if head.kind == "each":
        return np.asarray(1 / (1 + np.exp(-np.clip(value, -60, 60))))
    powers = np.exp(value - value.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))
