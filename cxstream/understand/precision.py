"""Which arithmetic this machine's encoder calculates in, found out by trying each for a moment.

Whole numbers are faster than floating point on most processors of the last years, not on all; a GPU beats
both. What is chosen must also be near to what single precision says, and a text must get the same bits alone
and among others. On one thread of a processor its own time is measured, not the clock on the wall: else, at the
start of a worker on a busy machine, one time of four the neighbours chose.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import torch
from torch.nn import functional

from cxstream.understand.packed import PackedBert, Precision

NEAR: Final = 0.98
"""Least cosine of a sentence to its vector in single precision. Whole numbers reach .993 to .999."""

FASTER: Final = 1.15
"""What is not faster than single precision by this factor is not worth being less exact."""

ROUNDS: Final = 3


class Trial(NamedTuple):
    """What was seen of one precision: speed, least cosine to single precision, and whether it is steady."""

    precision: Precision
    tokens_per_s: float
    nearness: float
    steady: bool


def candidates() -> tuple[Precision, ...]:
    """What could be chosen here, single precision first."""
    return ("fp32", "int8", "bf16") if torch.cuda.is_available() else ("fp32", "int8")


def try_each(
    make: Callable[[Precision], PackedBert],
    texts: Sequence[Sequence[int]],
    precisions: Sequence[Precision],
) -> list[tuple[Trial, PackedBert]]:
    """Run token ids through each precision, in turns, so that a busy moment hits all alike."""
    clock = _clock()
    made = [make(precision) for precision in precisions]
    seconds = [float("inf")] * len(made)
    said = [torch.empty(0)] * len(made)
    for _ in range(ROUNDS):
        for place, bert in enumerate(made):
            began = clock()
            said[place] = bert(texts)
            seconds[place] = min(seconds[place], clock() - began)
    tokens = sum(map(len, texts))
    found: list[tuple[Trial, PackedBert]] = []
    for bert, took, rows in zip(made, seconds, said, strict=True):
        alone = torch.cat([bert([text]) for text in texts[:3]])
        nearness = float(functional.cosine_similarity(rows, said[0]).min())
        steady = torch.equal(alone, rows[:3])
        found.append((Trial(bert.precision, tokens / took, nearness, steady), bert))
    return found


def _clock() -> Callable[[], float]:
    """What a pass is measured by: seconds."""
    alone = torch.get_num_threads() == 1 and not torch.cuda.is_available()
    return time.thread_time if alone else time.perf_counter


def best(trials: Sequence[Trial]) -> Trial:
    """The fastest that is near and steady; the first, single precision, when none is by far."""
    first = trials[0]
    fit = [
        trial
        for trial in trials[1:]
        if trial.nearness >= NEAR
        and trial.steady
        and trial.tokens_per_s >= FASTER * first.tokens_per_s
    ]
    return max(fit, key=lambda trial: trial.tokens_per_s, default=first)
