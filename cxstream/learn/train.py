"""Training of the encoder and its heads: public data and our own sentences in, weights and a card out.

All heads learn together with the encoder (see `tune`). Half of the development data (by a hash of the text)
then balances and calibrates them; the other half says how well calibrated they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import save_file

from cxstream.learn.calibrate import balanced, calibrated, even_recall, in_and_out
from cxstream.learn.card import write_card
from cxstream.learn.evaluate import evaluate, figures_of, scored_split
from cxstream.learn.examples import EVALUATED_ONLY, WHOLE, Example, authored, calibrates, read
from cxstream.learn.mood import judge_mood, settle_mood
from cxstream.learn.network import TAUGHT, Network, Tuning
from cxstream.learn.plans import Plans
from cxstream.learn.targets import targets
from cxstream.learn.teacher import Teacher, fingerprint, tokeniser
from cxstream.learn.tenant_judge import judge_tenants
from cxstream.learn.thresholds import thresholds_of
from cxstream.learn.tune import tune
from cxstream.learn.vectors import vectors
from cxstream.understand.heads import KINDS, LABELS, Head, Heads, save
from cxstream.understand.labels import INTENTS
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.minilm import MiniLm, packaged
from cxstream.understand.model import ENCODER, SCORES, ModelScorer, features
from cxstream.understand.normalise import normalise

LAYERS: Final = "body.encoder.layer."
Report = Callable[[str, float], None]


def train(
    data: Path,
    out: Path,
    *,
    seed: int,
    report: Report,
    cache: Path,
    plans: Plans,
    teacher: Path | None = None,
) -> dict[str, Any]:
    """Tune the encoder with its heads and write the weights to `out`; gives metrics without figures yet.

    `data` is the data pack, `teacher` the folder of a bigger encoder to learn from. Checkpoints and vectors
    are kept in `cache`: a run that was cut off goes on where it was. The same seed gives the same weights on
    the same machine. ModelError when data or teacher are missing.
    """
    taught = lessons(data)
    texts = [normalise(example.text) for example in taught]
    cache.mkdir(parents=True, exist_ok=True)
    teachers = (
        _teachers(teacher, plans.teachers, taught, texts, seed, report, cache) if teacher else []
    )
    several = plans.taught if teacher else (plans.alone,)
    network = averaged(
        [
            tune(
                taught,
                texts,
                packaged(),
                tokeniser(packaged(), plan.tokens),
                plan=plan,
                seed=seed,
                report=report,
                kept=cache / f"tuning-{tuning_mark(taught, plan, seed, teacher)}.pt",
                teachers=teachers,
            )
            for plan in several
        ],
        [plan.counts for plan in several],
    )
    layers = out / ENCODER
    layers.parent.mkdir(parents=True, exist_ok=True)
    save_layers(network, layers)
    encoder = MiniLm(tuned=layers)
    torch.set_num_threads(1)  # with more, sums would be split by chance of the machine
    seen = set(texts)
    held = [
        e
        for e in read(data, "dev")
        if e.source not in EVALUATED_ONLY
        and (calibrates(e.text) or e.source == WHOLE)
        and normalise(e.text) not in seen
    ]
    tuned = heads_of(network)
    made = settled({name: tuned[name] for name in LABELS}, encoder, held, cache, report)
    heads = Heads(
        _name(encoder.name, made), encoder.name, encoder.fingerprint, encoder.dimensions, made
    )
    (out / SCORES).parent.mkdir(parents=True, exist_ok=True)
    save(heads, out / SCORES)
    metrics: dict[str, Any] = {
        "model": heads.name,
        "encoder": heads.encoder,
        "encoder_sha256": heads.fingerprint,
        "seed": seed,
        "tuning": [asdict(plan) for plan in several],
        "teacher": None if teacher is None else teacher.resolve().name,
        "moods": settle_mood(tuned["mood"], encoder, data, out, report=report, cache=cache),
        "figures": {},
        "lexicon": {},
    }
    return metrics


def _teachers(
    folder: Path,
    plans: Sequence[Tuning],
    taught: Sequence[Example],
    texts: Sequence[str],
    seed: int,
    report: Report,
    cache: Path,
) -> list[Teacher]:
    """The encoder in a folder, tuned once by each plan, with seeds of their own."""
    found = []
    for number, plan in enumerate(plans):
        tokenise = tokeniser(folder, plan.tokens)
        mark = tuning_mark(taught, plan, seed + number, folder)
        network = tune(
            taught,
            texts,
            folder,
            tokenise,
            plan=plan,
            seed=seed + number,
            report=report,
            kept=cache / f"teacher-{mark}.pt",
        )
        found.append(Teacher(network, tokenise))
    return found


def judge(
    scorer: ModelScorer,
    metrics: dict[str, Any],
    data: Path,
    split: str,
    models: Path,
    *,
    seed: int,
    report: Report,
    cache: Path,
) -> None:
    """Measure on a split, beside the lexicon; metrics.json and card.md then say so too."""
    scored = scored_split(scorer, data, split, report)
    figures = figures_of(scored, split)
    figures |= judge_tenants(scorer.encoder, data, split, seed=seed, report=report, cache=cache)
    if "moods" in metrics:
        figures |= judge_mood(
            scorer.encoder, data, models, split, metrics["moods"], report=report, cache=cache
        )
    metrics["figures"][split] = figures
    metrics["lexicon"][split] = evaluate(LexiconScorer(), data, split=split)
    if split == "dev":
        metrics["thresholds"] = thresholds_of(scored)
    write_metrics(metrics, models)


def write_metrics(metrics: dict[str, Any], models: Path) -> None:
    """Write the metrics and the card that is filled from them."""
    folder = (models / SCORES).parent
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    write_card(metrics, folder / "card.md")


def lessons(data: Path) -> list[Example]:
    """All that is taught: the public data, and our own sentences.

    Where a forum comment is word for word a sentence of ours, ours says what it means in a call.
    """
    ours = authored()
    spoken = {normalise(e.text) for e in ours}
    public = [
        e
        if normalise(e.text) not in spoken
        else replace(e, sentiment=None, emotions=None, abuse=None, abuse_share=None)
        for e in read(data, "train")
        if e.source not in EVALUATED_ONLY
    ]
    return [e for e in public + ours if normalise(e.text)]


def tuning_mark(
    taught: Sequence[Example], plan: Tuning, seed: int, teacher: Path | None = None
) -> str:
    """Stands for all that a checkpoint of the tuning depends on; the share that is kept is mixed in later."""
    settings = asdict(plan)
    del settings["share"]
    folders = [packaged(), *([teacher] if teacher else [])]
    told = json.dumps([settings, seed, *map(fingerprint, folders)], sort_keys=True)
    mark = sha256(told.encode())
    for e in taught:
        labels = (
            e.text,
            e.source,
            e.intent,
            e.sentiment,
            sorted(e.emotions or ()),
            e.abuse_share,
            e.abuse,
        )
        mark.update(repr((*labels, sorted(e.fine or ()), normalise(e.text))).encode())
    return mark.hexdigest()[:16]


def averaged(networks: Sequence[Network], counts: Sequence[float]) -> Network:
    """The weighted mean of networks that started alike; the first is changed and given back."""
    first, states = networks[0], [network.state_dict() for network in networks]
    with torch.no_grad():
        for name, value in states[0].items():
            if value.is_floating_point():
                parts = (count * state[name] for count, state in zip(counts, states, strict=True))
                value.copy_(torch.stack(tuple(parts)).sum(0) / sum(counts))
    return first


def save_layers(network: Network, path: Path) -> None:
    """The tuned layers in half precision: what differs from the packaged encoder."""
    save_file(
        {
            name.removeprefix("body."): value.half().contiguous()
            for name, value in network.state_dict().items()
            if name.startswith(LAYERS)
        },
        path,
    )


def heads_of(network: Network) -> dict[str, Head]:
    """The heads of `TAUGHT` as they learnt, neither balanced nor calibrated."""
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    return {
        name: Head(
            labels=labels,
            kind=KINDS[name],
            layers=tuple(
                (weights[f"heads.{name}.{n}.weight"], weights[f"heads.{name}.{n}.bias"])
                for n in (0, 3)
            ),
            slope=np.ones(len(labels), np.float32),
            offset=np.zeros(len(labels), np.float32),
            tone=True,
        )
        for name, labels in TAUGHT.items()
    }


def settled(
    heads: dict[str, Head], encoder: MiniLm, held: Sequence[Example], cache: Path, report: Report
) -> dict[str, Head]:
    """The heads, balanced and calibrated on examples that were not taught."""
    plain = [normalise(example.text) for example in held]
    x = features(vectors(encoder, plain, cache, report), plain)
    made = {}
    for name, head in heads.items():
        y, weights = targets(name, held)
        known = (weights > 0) & ~np.array([e.weak and name != "intent" for e in held])
        if name == "intent":
            out = in_and_out(INTENTS.index("out_of_scope"))
            head = balanced(head, x[known], y[known], ("out_of_scope",), out)
        elif name == "sentiment":
            head = balanced(head, x[known], y[known], ("negative", "neutral"), even_recall)
        if name == "abuse":  # taught as a share of raters; a probability is that most of them agree
            y = np.array([[float(bool(e.abuse))] for e in held], np.float32)
        made[name] = calibrated(head, x[known], y[known])
    return made


def _name(encoder: str, heads: dict[str, Head]) -> str:
    """The encoder and a mark of the weights: whoever reads a signal can tell what scored it."""
    mark = sha256()
    for head in heads.values():
        for weight, bias in head.layers:
            mark.update(weight.tobytes() + bias.tobytes())
        mark.update(head.slope.tobytes() + head.offset.tobytes())
    return f"{encoder}-{mark.hexdigest()[:8]}"
