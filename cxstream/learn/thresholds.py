"""What a threshold on a score would find, and how often it would be right: for whoever writes a policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Final

import numpy as np

from cxstream.events import Scores
from cxstream.learn.examples import Example
from cxstream.understand.labels import EMOTIONS

AT: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
Row = dict[str, float]
Thresholds = dict[str, list[Row]]
"""Signal -> one row a threshold: `at`, `share` of the texts at or over it, `precision`, `recall`."""


def thresholds_of(scored: Sequence[tuple[Example, Scores]]) -> Thresholds:
    """The table of every signal that scored examples can judge; precision is 0 where nothing is found.

    For `intent` the probability is that of the best intent, right when it is the example's; recall is then
    the share of all examples that are named, and named rightly.
    """
    found: Thresholds = {}
    named = [(e, s) for e, s in scored if e.intent is not None and e.source != "natcs"]
    _add(
        found,
        "intent",
        named,
        lambda s: s.intent.probability,
        [s.intent.label == e.intent for e, s in named],
        total=len(named),
    )
    toned = [(e, s) for e, s in scored if e.sentiment is not None and not e.weak]
    for label in ("negative", "positive"):
        _add(
            found,
            f"sentiment.{label}",
            toned,
            _reading("sentiment", "probabilities", label),
            [e.sentiment == label for e, _ in toned],
        )
    felt = [(e, s) for e, s in scored if e.emotions is not None and not e.weak]
    for name in EMOTIONS:
        _add(
            found,
            f"emotion.{name}",
            felt,
            _reading("emotion", name),
            [name in (e.emotions or ()) for e, _ in felt],
        )
    heard = [(e, s) for e, s in scored if e.abuse is not None and not e.weak]
    _add(found, "abuse", heard, lambda s: s.abuse, [bool(e.abuse) for e, _ in heard])
    return found


def _reading(*path: str) -> Callable[[Scores], float]:
    """Reads one score by the names that lead to it."""
    read = attrgetter(".".join(path))
    return lambda scores: float(read(scores))


def _add(
    found: Thresholds,
    name: str,
    scored: Sequence[tuple[Example, Scores]],
    score: Callable[[Scores], float],
    right: Sequence[bool],
    total: int | None = None,
) -> None:
    if not scored or not any(right):
        return
    value = np.array([score(s) for _, s in scored])
    truth = np.array(right)
    whole = total if total is not None else int(truth.sum())
    rows = []
    for at in AT:
        over = value >= at
        hits = int((over & truth).sum())
        rows.append(
            {
                "at": at,
                "share": round(float(over.mean()), 4),
                "precision": round(hits / max(1, int(over.sum())), 4),
                "recall": round(hits / whole, 4),
            }
        )
    found[name] = rows


def thresholds_table(thresholds: Thresholds) -> str:
    """The tables as one of Markdown: precision / recall at each threshold, a row a signal."""
    head = "| signal | " + " | ".join(f"{at:.1f}" for at in AT) + " |"
    lines = [head, "|---" * (len(AT) + 1) + "|"]
    for name, rows in thresholds.items():
        cells = " | ".join(f"{row['precision']:.2f} / {row['recall']:.2f}" for row in rows)
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)
