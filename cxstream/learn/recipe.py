"""The whole recipe: what `cxstream train` makes, and what `cxstream evaluate` measures of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cxstream.errors import ModelError
from cxstream.learn.audit import audit
from cxstream.learn.audit_report import audit_section
from cxstream.learn.baseline import write_reference
from cxstream.learn.card import table
from cxstream.learn.deletion import deletion_section, deletion_test
from cxstream.learn.distil import train_light
from cxstream.learn.plans import RECIPE, plans_of
from cxstream.learn.stream_evaluate import evaluate_stream
from cxstream.learn.stream_train import train_stream
from cxstream.learn.thresholds import thresholds_table
from cxstream.learn.train import judge, train, write_metrics
from cxstream.understand.light import LIGHT, LightScorer, load_light
from cxstream.understand.model import SCORES, load_scorer
from cxstream.understand.routing import RoutedScorer
from cxstream.understand.stream_file import PLACE
from cxstream.understand.stream_file import load as load_stream

Report = Callable[[str, float], None]


def run(
    data: Path,
    out: Path,
    *,
    seed: int,
    report: Report,
    cache: Path,
    config: Path = RECIPE,
    teacher: Path | None = None,
) -> None:
    """Train and judge everything into `out`. What is kept in `cache` lets a run that was cut off go on."""
    metrics = train(
        data,
        out,
        seed=seed,
        report=report,
        cache=cache,
        plans=plans_of(config),
        teacher=teacher,
    )
    scorer = load_scorer(out)
    judge(scorer, metrics, data, "dev", out, seed=seed, report=report, cache=cache)
    train_stream(scorer.encoder, scorer, data, out, seed=seed, report=report, cache=cache)
    describe(metrics, data, out, report=report)
    lighten(data, out, seed=seed, report=report, cache=cache)


def lighten(data: Path, models: Path, *, seed: int, report: Report, cache: Path) -> None:
    """Distil the light model, and write what drift is measured against: both repeat the models as they ship."""
    stream = load_stream(models / PLACE)
    heavy = load_scorer(models)
    heavy.gists = stream.fits(heavy.encoder).meanings
    mark = stream.about.mark.hex()
    train_light(heavy, data, models, seed=seed, report=report, cache=cache, stream=mark)
    light = LightScorer(load_light(models / LIGHT))
    heavy.gists = stream.gists
    write_reference(RoutedScorer(light, heavy, whole=stream.whole), data, models, report=report)


def describe(metrics: dict[str, Any], data: Path, models: Path, *, report: Report) -> None:
    """Audit the models, test their explanations, and tell both in the card of the scores."""
    stream = load_stream(models / PLACE)
    scorer = load_scorer(models)
    scorer.gists = stream.fits(scorer.encoder).gists  # else the risk audited is the one by hand
    metrics["audit"] = audit_section(audit(scorer, stream, report))
    metrics["explanations"] = deletion_section(deletion_test(scorer, data, report=report))
    write_metrics(metrics, models)


def measure(data: Path, models: Path, split: str, *, report: Report, cache: Path) -> str:
    """Measure the models on a split, write the figures into their card, and give the tables as Markdown.

    ModelError when models or data are missing.
    """
    scorer = load_scorer(models)
    file = (models / SCORES).with_name("metrics.json")
    if not file.is_file():
        raise ModelError(f"no metrics at {file}; make the models with `cxstream train`")
    metrics: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    judge(scorer, metrics, data, split, models, seed=metrics["seed"], report=report, cache=cache)
    if (models / PLACE).is_file():
        stream = load_stream(models / PLACE).fits(scorer.encoder)
        metrics["figures"][split] |= evaluate_stream(
            stream, scorer, data, split, report=report, cache=cache
        )
        write_metrics(metrics, models)
    tables = table(metrics["figures"][split], metrics["lexicon"][split])
    return tables + "\n\n" + thresholds_table(metrics["thresholds"])
