"""Tuning of the encoder: all heads at once, on labels as fine as their sources have them.

Tuned on the coarse labels alone an encoder forgets what it will need for the labels of a tenant that it has
never seen. So each source's own labels are learnt beside ours, by the cosine between a sentence vector and
a vector of the label: what is near in meaning stays near. Tone is read from the first token as well, which
gives it a place of its own in the same pass.

The word vectors stay as they are; the layers move. What is kept is a running mean of the weights, and of that
the layers are mixed with those that the encoder came with: between the two lies an encoder that is as good
at what was taught, and better at what was not (Wortsman and others 2022).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cxstream.learn.calibrate import loss_of
from cxstream.learn.examples import Example
from cxstream.learn.network import Network, Tuning
from cxstream.learn.targets import targets
from cxstream.understand.heads import KINDS, LABELS, Kind
from cxstream.understand.tone import tone

SCALE: Final = 20.0
"""How sharply a cosine of 1 stands out: the inverse of the temperature of the fine labels."""

SEVERAL: Final = frozenset(("goemotions", "nlupp"))
"""Sources whose texts may have several labels of their own; the others have one."""

POOL: Final = 40
"""Batches that are drawn together and sorted by length, so that little is padding."""

KEEP: Final = 500
"""Steps between two checkpoints."""


@dataclass(frozen=True, slots=True)
class _Lesson:
    """The training data as arrays: token ids, tones, and per head the targets and weights by row."""

    ids: list[list[int]]
    tones: Tensor
    heads: dict[str, tuple[Tensor, Tensor]]
    fine: dict[str, tuple[Tensor, Tensor]]
    order: np.ndarray


def tune(
    examples: Sequence[Example],
    texts: Sequence[str],
    folder: Path,
    tokenise: Callable[[Sequence[str]], list[list[int]]],
    *,
    plan: Tuning,
    seed: int,
    report: Callable[[str, float], None],
    kept: Path,
) -> Network:
    """The tuned network. `texts` are the normalised texts of `examples`, `folder` the encoder's.

    Goes on from the checkpoint in `kept` when there is one; the caller names that file after all that
    the result depends on. The same arguments give the same weights on the same machine.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(plan.threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            lesson = _lesson(examples, texts, tokenise, plan, seed)
            return _run(lesson, folder, plan, report, kept, seed)
    finally:
        torch.set_num_threads(threads)


def _lesson(
    examples: Sequence[Example],
    texts: Sequence[str],
    tokenise: Callable[[Sequence[str]], list[list[int]]],
    plan: Tuning,
    seed: int,
) -> _Lesson:
    heads = {}
    for name in LABELS:
        said, counts = targets(name, examples)
        heads[name] = (torch.from_numpy(said), torch.from_numpy(counts))
    fine = {}
    for source in sorted({e.source for e in examples if e.fine is not None}):
        labels = sorted({label for e in examples if e.source == source for label in e.fine or ()})
        place = {label: number for number, label in enumerate(labels)}
        y = torch.zeros(len(examples), len(labels))
        weight = torch.zeros(len(examples))
        for row, example in enumerate(examples):
            if example.source == source and example.fine is not None:
                y[row, [place[label] for label in example.fine]] = 1
                weight[row] = 1
        fine[source] = (y, weight)
    return _Lesson(
        ids=[ids[: plan.tokens - 1] + ids[-1:] for ids in tokenise(texts)],
        tones=torch.tensor([tone(text) for text in texts]),
        heads=heads,
        fine=fine,
        order=_order(examples, plan, seed),
    )


def _order(examples: Sequence[Example], plan: Tuning, seed: int) -> np.ndarray:
    """Which example comes when: each source as often as planned, spread evenly over the whole."""
    chance = np.random.default_rng(seed)
    places: list[tuple[float, int]] = []
    for source, rounds in plan.rounds.items():
        rows = np.array([n for n, e in enumerate(examples) if e.source == source], np.int64)
        drawn = np.concatenate(
            [chance.permutation(rows) for _ in range(math.ceil(rounds))] or [rows]
        )[: round(rounds * len(rows))]
        shift = chance.random(len(drawn))
        places += [((n + shift[n]) / max(1, len(drawn)), int(row)) for n, row in enumerate(drawn)]
    return np.array([row for _, row in sorted(places)], np.int64)


def _run(
    lesson: _Lesson,
    folder: Path,
    plan: Tuning,
    report: Callable[[str, float], None],
    kept: Path,
    seed: int,
) -> Network:
    net = Network(folder, {name: y.shape[1] for name, (y, _) in lesson.fine.items()}, plan)
    came = {name: value.clone() for name, value in net.bert.encoder.state_dict().items()}
    mean = {name: value.clone() for name, value in net.state_dict().items()}
    optimiser = torch.optim.AdamW(_groups(net, plan), weight_decay=plan.decay, eps=1e-8, fused=True)
    steps = len(lesson.order) // plan.batch
    fade = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min((step + 1) / (plan.warmup * steps + 1), 1 - step / (steps + 1)),
    )
    first = 0
    if kept.is_file():
        found = torch.load(kept, weights_only=True)
        net.load_state_dict(found["net"])
        optimiser.load_state_dict(found["optimiser"])
        fade.load_state_dict(found["fade"])
        mean, first = found["mean"], found["step"]
        report("tuning", first / steps)
    net.train()
    for step, rows in enumerate(_batches(lesson, plan, seed)):
        if step < first:
            continue
        torch.manual_seed(seed * 1_000_003 + step)  # so that a resumed run drops out the same
        loss = _loss(net, lesson, rows, plan)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        fade.step()
        memory = min(plan.memory, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, value in net.state_dict().items():
                if value.is_floating_point() and not name.startswith("bert.embeddings"):
                    mean[name].lerp_(value, 1 - memory)
        if (step + 1) % KEEP == 0 or step + 1 == steps:
            half = kept.with_suffix(".part")
            torch.save(
                {
                    "net": net.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "fade": fade.state_dict(),
                    "mean": mean,
                    "step": step + 1,
                },
                half,
            )
            half.replace(kept)
        report("tuning", (step + 1) / steps)
    net.load_state_dict(mean)
    with torch.no_grad():
        for name, value in net.bert.encoder.state_dict().items():
            value.copy_(torch.lerp(came[name], value, plan.share))
    return net.eval()


def _groups(net: Network, plan: Tuning) -> list[dict[str, object]]:
    """Parameters by learning rate: the lower a layer, the slower; the heads fastest."""
    layers = len(net.bert.encoder.layer)
    groups: list[dict[str, object]] = [
        {
            "params": list(layer.parameters()),
            "lr": plan.rate * plan.fade ** (layers - 1 - number),
        }
        for number, layer in enumerate(net.bert.encoder.layer)
    ]
    top = [*net.heads.parameters(), *net.fine_tone.parameters()]
    groups.append({"params": top, "lr": 1e-3})
    groups.append({"params": list(net.fine.parameters()), "lr": 1e-2})
    return groups


def _batches(lesson: _Lesson, plan: Tuning, seed: int) -> list[np.ndarray]:
    chance = np.random.default_rng(seed + 1)
    found: list[np.ndarray] = []
    pool = plan.batch * POOL
    for start in range(0, len(lesson.order), pool):
        rows = lesson.order[start : start + pool]
        rows = rows[np.argsort([len(lesson.ids[row]) for row in rows], kind="stable")]
        parts = [rows[n : n + plan.batch] for n in range(0, len(rows), plan.batch)]
        found += [parts[n] for n in chance.permutation(len(parts)) if len(parts[n]) == plan.batch]
    return found


def _loss(net: Network, lesson: _Lesson, rows: np.ndarray, plan: Tuning) -> Tensor:
    picked = [lesson.ids[row] for row in rows]
    longest = max(map(len, picked))
    ids = torch.tensor([text + [0] * (longest - len(text)) for text in picked])
    mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in picked])
    vectors, firsts = net(ids, mask)
    at = torch.from_numpy(rows)
    read = torch.cat([vectors * math.sqrt(net.width), firsts * math.sqrt(net.width)], 1)
    read = functional.dropout(read, plan.dropout)
    read = torch.cat([read, lesson.tones[at]], 1)
    total = torch.zeros(())
    for name, (y, weight) in lesson.heads.items():
        known = weight[at] > 0
        if known.any():
            said = net.heads[name](read[known])
            loss = loss_of(said, y[at][known], weight[at][known], KINDS[name])
            total = total + plan.weights[name] * loss / len(rows)
    for source, (y, weight) in lesson.fine.items():
        known = weight[at] > 0
        if not known.any():
            continue
        if source == "goemotions":
            said = net.fine_tone(read[known])
        else:
            labels = functional.normalize(net.fine[source], dim=1)
            said = SCALE * vectors[known] @ labels.T
        if source == "nlupp":
            said = said - SCALE / 2
        kind: Kind = "each" if source in SEVERAL else "one_of"
        loss = loss_of(said, y[at][known], weight[at][known], kind)
        total = total + plan.weights["fine"] * loss / len(rows)
    return total
