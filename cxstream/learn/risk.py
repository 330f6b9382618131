"""What a forecast of a conversation's end is held against: the task, and pairs within a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from cxstream.learn.figures import auc
from cxstream.learn.stream_data import Dialogue

SHARES: Final = (0.25, 0.5, 0.75, 1.0)
"""A conversation is looked at after these shares of the customer's turns."""


def rates(history: Sequence[Dialogue], outcome: str) -> Callable[[str], float]:
    """How often an outcome came for each task, drawn towards the mean by ten dialogues' worth."""
    known = [d for d in history if outcome in d.ended]
    mean = sum(d.ended[outcome] for d in known) / max(1, len(known))
    mean = min(max(mean, 0.001), 0.999)
    counts: dict[str, list[bool]] = {}
    for d in known:
        counts.setdefault(d.task, []).append(d.ended[outcome])

    def rate(task: str) -> float:
        ends = counts.get(task, [])
        return (sum(ends) + 10 * mean) / (len(ends) + 10)

    return rate


def within(
    score: np.ndarray[tuple[int], np.dtype[np.float64]],
    truth: np.ndarray[tuple[int], np.dtype[np.bool_]],
    tasks: np.ndarray[tuple[int], np.dtype[np.str_]],
) -> float:
    """AUC over pairs of the same task only; NaN when there are none."""
    total, pairs = 0.0, 0
    for task in np.unique(tasks[truth]):
        same = tasks == task
        weight = int(truth[same].sum()) * int((~truth[same]).sum())
        if weight:
            total += weight * auc(score[same], truth[same])
            pairs += weight
    return total / pairs if pairs else float("nan")
