"""Conversation risk on STAR: what the facts of a conversation say, part by part, of how it ended.

STAR's dialogues end with questionnaires: the agent says whether the customer became annoyed, the customer
whether the agent was calm and helpful and whether the goal was met. A conversation is looked at after a
quarter, a half, three quarters and all of the customer's turns; its facts are those of `context.arc`, so
training sees what serving sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cxstream.context.arc import Arc, facts
from cxstream.context.entry import utterance_entry
from cxstream.events import Fragment, Role, Scores, Speaker
from cxstream.learn.examples import Row, Split, rows
from cxstream.learn.figures import auc
from cxstream.understand.scorer import Scorer
from cxstream.understand.tone import tone
from cxstream.understand.trajectory import RuleTrajectory

SHARES: Final = (0.25, 0.5, 0.75, 1.0)
STEP: Final = 512


@dataclass(frozen=True, slots=True)
class Seen:
    """A dialogue as far as it was seen at each of SHARES, and how it ended.

    `ended`: outcome -> whether it came; outcomes that nobody was asked about are not there. `worst_word` is the
    lowest VADER compound so far, at each share: the baseline.
    """

    task: str
    worker: str
    ended: Mapping[str, bool]
    facts: tuple[dict[str, object], ...]
    worst_word: tuple[float, ...]


def dialogues(
    scorer: Scorer, data: Path, split: Split, report: Callable[[str, float], None]
) -> list[Seen]:
    """All dialogues of a split that have a customer's turn, in order; each text is scored once."""
    found = list(rows(data, "star", split))
    texts = sorted({t["x"] for row in found for t in row["turns"] if t["s"] == "customer"}, key=len)
    scores: dict[str, Scores] = {}
    for start in range(0, len(texts), STEP):
        report(f"scoring star.{split}", start / len(texts))
        part = texts[start : start + STEP]
        scores.update(zip(part, scorer.score(part), strict=True))
    return [seen for row in found if (seen := _follow(row, scores)) is not None]


def _follow(row: Row, scores: Mapping[str, Scores]) -> Seen | None:
    turns = [t for t in row["turns"] if t["s"] in ("customer", "agent")]
    total = sum(t["s"] == "customer" for t in turns)
    if not total:
        return None
    arc, heard, worst = Arc(), 0, 1.0
    snapshots: list[tuple[dict[str, object], float]] = []
    marks = [max(1, round(share * total)) for share in SHARES]
    for place, turn in enumerate(turns):
        at_ms = int(turn["t"] * 1000) + 1_700_000_000_000
        role = Role(turn["s"])
        said = Fragment("star", f"{place:05}", turn["x"], speaker=Speaker(role), channel="chat")
        known = scores[turn["x"]] if role is Role.CUSTOMER else None
        arc.take(utterance_entry(said, at_ms, known), RuleTrajectory())
        if role is Role.CUSTOMER:
            heard += 1
            worst = min(worst, tone(turn["x"])[3])
            snapshots += [(facts(arc), worst)] * marks.count(heard)
    labels = row["labels"]
    ended = {
        "annoyed": labels.get("user_annoyed"),
        "dissatisfied": _not(labels.get("calm_and_helpful")),
        "goal_not_met": _not(labels.get("goal_met")),
    }
    return Seen(
        task="+".join(row["tasks"]),
        worker=row["worker"],
        ended={name: value for name, value in ended.items() if value is not None},
        facts=tuple(f for f, _ in snapshots),
        worst_word=tuple(w for _, w in snapshots),
    )


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def rates(history: list[Seen], outcome: str) -> Callable[[str], float]:
    """How often an outcome came for each task, drawn towards the mean by ten dialogues' worth."""
    known = [s for s in history if outcome in s.ended]
    mean = sum(s.ended[outcome] for s in known) / max(1, len(known))
    counts: dict[str, list[bool]] = {}
    for s in known:
        counts.setdefault(s.task, []).append(s.ended[outcome])

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
