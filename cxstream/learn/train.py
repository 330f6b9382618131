"""Training of the scoring heads: public data and our own sentences in, `models/scores/` out.

The encoder stays as it is; every text is encoded once, and each head is then a matter of seconds. Half
of the development data (by a hash of the text) calibrates the heads; the other half says how well
calibrated they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import torch

from cxstream.learn.card import write_card
from cxstream.learn.evaluate import Figures, evaluate
from cxstream.learn.examples import EVALUATED_ONLY, Example, authored, calibrates, read
from cxstream.learn.fit import Plan, calibrated, fit
from cxstream.learn.targets import targets
from cxstream.learn.vectors import vectors
from cxstream.understand.heads import KINDS, LABELS, Array, Head, Heads, save
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.minilm import MiniLm
from cxstream.understand.model import ModelScorer, features
from cxstream.understand.normalise import normalise

PLANS: Final = {
    "intent": Plan(epochs=20),
    "sentiment": Plan(tone=True),
    "emotion": Plan(tone=True),
    "abuse": Plan(tone=True),
}
AUTHORED_WEIGHT: Final = 4.0
Report = Callable[[str, float], None]


def train(
    data: Path, out: Path, *, seed: int, report: Report, cache: Path | None = None
) -> dict[str, object]:
    """Fit all heads and write `out/scores/` (heads.safetensors, metrics.json, card.md); gives the metrics.

    `data` is the data pack; vectors are kept in `cache` for the next run. The same seed gives the same
    weights on the same machine. ModelError when the data or the encoder are missing.
    """
    torch.set_num_threads(1)  # with more, sums would be split by chance of the machine
    with TemporaryDirectory() as passing:
        heads, scorer = fit_heads(data, seed=seed, report=report, cache=cache or Path(passing))
    folder = out / "scores"
    folder.mkdir(parents=True, exist_ok=True)
    save(heads, folder / "heads.safetensors")
    figures: Figures = evaluate(scorer, data, report=report)
    metrics: dict[str, object] = {
        "model": heads.name,
        "encoder": heads.encoder,
        "encoder_sha256": heads.fingerprint,
        "seed": seed,
        "figures": figures,
        "lexicon": evaluate(LexiconScorer(), data),
    }
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    write_card(metrics, folder / "card.md")
    return metrics


def fit_heads(data: Path, *, seed: int, report: Report, cache: Path) -> tuple[Heads, ModelScorer]:
    """The fitted and calibrated heads, and the scorer that they make with their encoder."""
    ours = authored()
    spoken = {normalise(e.text) for e in ours}
    taught = [
        # where a forum comment is word for word a sentence of ours, ours says what it means in a call
        e
        if normalise(e.text) not in spoken
        else replace(e, sentiment=None, emotions=None, abuse=None)
        for e in read(data, "train")
        if e.source not in EVALUATED_ONLY
    ] + ours
    seen = {normalise(e.text) for e in taught}
    held = [
        e
        for e in read(data, "dev")
        if e.source not in EVALUATED_ONLY and calibrates(e.text) and normalise(e.text) not in seen
    ]
    encoder = MiniLm()
    x = _features(encoder, taught, cache, report)
    held_x = _features(encoder, held, cache, report)
    made: dict[str, Head] = {}
    for number, (name, plan) in enumerate(PLANS.items()):
        report(f"fitting {name}", number / len(PLANS))
        wide = x.shape[1] if plan.tone else encoder.dimensions
        y, weights = targets(name, taught, authored_weight=AUTHORED_WEIGHT)
        rows = weights > 0
        head = fit(
            x[rows, :wide],
            y[rows],
            weights[rows],
            labels=LABELS[name],
            kind=KINDS[name],
            plan=plan,
            seed=seed,
        )
        held_y, held_weights = targets(name, held)
        strong = (held_weights > 0) & ~np.array([e.weak and name != "intent" for e in held])
        made[name] = calibrated(head, held_x[strong, :wide], held_y[strong])
    report("fitting", 1.0)
    heads = Heads(
        _name(encoder.name, made), encoder.name, encoder.fingerprint, encoder.dimensions, made
    )
    return heads, ModelScorer(encoder, heads)


def _features(encoder: MiniLm, examples: Sequence[Example], cache: Path, report: Report) -> Array:
    plain = [normalise(example.text) for example in examples]
    found = vectors(encoder, plain, cache, report)
    return np.stack([features(v, text) for v, text in zip(found, plain, strict=True)])


def _name(encoder: str, heads: dict[str, Head]) -> str:
    """The encoder and a mark of the weights: whoever reads a signal can tell what scored it."""
    mark = sha256()
    for head in heads.values():
        for weight, bias in head.layers:
            mark.update(weight.tobytes() + bias.tobytes())
        mark.update(head.slope.tobytes() + head.offset.tobytes())
    return f"{encoder}+{mark.hexdigest()[:8]}"
