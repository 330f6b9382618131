"""How good a tenant's own intents get on an encoder: heads fitted on public data, measured on a split of it.

Banking77 stands for a tenant whose file has nothing to reject, CLINC150 for one with a few examples of it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from cxstream.learn.evaluate import Figures
from cxstream.learn.examples import rows
from cxstream.learn.figures import auc, interval
from cxstream.learn.tenant import REJECT, train_intents
from cxstream.learn.vectors import vectors
from cxstream.understand.encoder import Encoder
from cxstream.understand.normalise import normalise
from cxstream.understand.tenant import OUT_OF_SCOPE, TenantIntent, TenantIntents

SOURCES: Final = ("banking77", "clinc150")


def judge_tenants(
    encoder: Encoder,
    data: Path,
    split: str,
    *,
    seed: int,
    report: Callable[[str, float], None],
    cache: Path,
) -> Figures:
    """For each source: a head made as `cxstream train intents` makes it, from its train split.

    `accuracy` counts a rejected text as wrong; `best_label` looks only at the best of the ranking. `recall`
    is the share of out-of-scope texts that were rejected, `auroc` how well typicality tells them apart.
    Sources without files are left out.
    """
    figures: Figures = {}
    for source in SOURCES:
        said = [(row["text"], row["label"]) for row in rows(data, source, split)]
        if not said:
            continue
        head = _trained(encoder, data, source, seed, report, cache)
        plain = [normalise(text) for text, _ in said]
        found = vectors(encoder, plain, cache, report)[:, : encoder.sentence]
        figures[f"tenant's intents, {source}"] = _figures(
            head.classify(found, plain), [label for _, label in said]
        )
    return figures


def _trained(
    encoder: Encoder,
    data: Path,
    source: str,
    seed: int,
    report: Callable[[str, float], None],
    cache: Path,
) -> TenantIntents:
    file = cache / f"{source}.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(("text", "label"))
        table.writerows((row["text"], row["label"]) for row in rows(data, source, "train"))
    return train_intents(
        lambda: encoder,
        file,
        cache,
        source,
        seed=seed,
        report=report,
        say=lambda _: None,
        cache=cache,
    )


def _figures(answers: list[TenantIntent], labels: list[str]) -> dict[str, float]:
    beyond = np.array([label.casefold() in REJECT for label in labels])
    right = np.array([a.label == label for a, label in zip(answers, labels, strict=True)])[~beyond]
    best = np.array([a.ranking[0][0] == label for a, label in zip(answers, labels, strict=True)])
    low, high = interval(lambda drawn: float(right[drawn].mean()), len(right))
    measured = {
        "n": float(len(labels)),
        "accuracy": float(right.mean()),
        "accuracy_low": low,
        "accuracy_high": high,
        "best_label": float(best[~beyond].mean()),
    }
    if beyond.any():
        rejected = np.array([a.label == OUT_OF_SCOPE for a in answers])
        typical = np.array([a.in_scope for a in answers])
        measured["recall"] = float(rejected[beyond].mean())
        measured["auroc"] = auc(typical, ~beyond)
    return {name: round(value, 4) for name, value in measured.items()}
