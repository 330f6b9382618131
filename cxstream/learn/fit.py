"""One head from vectors and labels: a small network, fitted by seed, then calibrated on held-out data."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cxstream.understand.heads import Array, Head, Kind

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a head is made. `hidden` 0 is a linear head; `decay` is on the weights; `rate` of Adam."""

    hidden: int = 256
    epochs: int = 12
    rate: float = 1e-3
    decay: float = 1e-2
    dropout: float = 0.4
    batch: int = 256
    tone: bool = False


def fit(
    x: Array,
    y: Array,
    weights: Weights,
    *,
    labels: tuple[str, ...],
    kind: Kind,
    plan: Plan,
    seed: int,
) -> Head:
    """An uncalibrated head.

    `x` (n, features); `y` (n, labels), 0 or 1, one of them 1 in a row for `one_of`; `weights` (n) says
    how much a row counts. The same arguments give the same head on the same machine, whatever torch's
    random state was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sizes = [x.shape[1], *([plan.hidden] if plan.hidden else []), len(labels)]
        linears = [nn.Linear(a, b) for a, b in pairwise(sizes)]
        parts: list[nn.Module] = []
        for number, linear in enumerate(linears):
            parts += [nn.ReLU(), nn.Dropout(plan.dropout)] if number else []
            parts.append(linear)
        net = nn.Sequential(*parts)
        optimiser = torch.optim.AdamW(net.parameters(), lr=plan.rate, weight_decay=plan.decay)
        tx, ty, tw = (torch.from_numpy(np.ascontiguousarray(a)) for a in (x, y, weights))
        steps = plan.epochs * -(-len(tx) // plan.batch)
        fade = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / (steps + 1))
        for _ in range(plan.epochs):
            order = torch.randperm(len(tx))
            for start in range(0, len(tx), plan.batch):
                rows = order[start : start + plan.batch]
                loss = loss_of(net(tx[rows]), ty[rows], tw[rows], kind) / tw[rows].sum()
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                fade.step()
    return Head(
        labels=labels,
        kind=kind,
        layers=tuple((m.weight.detach().numpy(), m.bias.detach().numpy()) for m in linears),
        slope=np.ones(len(labels), np.float32),
        offset=np.zeros(len(labels), np.float32),
        tone=plan.tone,
    )


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


def calibrated(head: Head, x: Array, y: Array) -> Head:
    """The head with slope and offset that make its probabilities fit `y` best (log loss) on `x`.

    `one_of`: one temperature for all labels. `each`: slope and offset a label (Platt).
    """
    raw = torch.from_numpy(logits(head, x)).double()
    truth = torch.from_numpy(y).double()
    wide = raw.shape[1]
    log_slope = torch.zeros(1 if head.kind == "one_of" else wide, dtype=torch.float64)
    offset = torch.zeros(wide, dtype=torch.float64)
    log_slope.requires_grad_()
    offset.requires_grad_(head.kind == "each")
    moving = [log_slope, offset] if head.kind == "each" else [log_slope]
    optimiser = torch.optim.LBFGS(moving, max_iter=100, line_search_fn="strong_wolfe")
    ones = torch.ones(len(raw), dtype=torch.float64)

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        loss = loss_of(raw * log_slope.exp() + offset, truth, ones, head.kind) / len(raw)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(step)  # type: ignore[no-untyped-call]
    slope = log_slope.detach().exp().expand(wide).numpy().astype(np.float32)
    return Head(
        head.labels,
        head.kind,
        head.layers,
        slope,
        offset.detach().numpy().astype(np.float32),
        head.tone,
    )


def probabilities(head: Head, x: Array) -> NDArray[np.float64]:
    """Calibrated probabilities for many rows at once (training and evaluation of heads)."""
    value = logits(head, x).astype(np.float64) * head.slope + head.offset
    if head.kind == "each":
        return np.asarray(1 / (1 + np.exp(-value)))
    powers = np.exp(value - value.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))
