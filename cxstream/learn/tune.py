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

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from cxstream.learn.calibrate import loss_of
from cxstream.learn.draws import Draws, Rows, Tokenise, draws
from cxstream.learn.examples import Example
from cxstream.learn.network import Network, Tuning, device
from cxstream.learn.teacher import Teacher, Told, together
from cxstream.understand.heads import KINDS, Kind

SCALE: Final = 20.0
"""How sharply a cosine of 1 stands out: the inverse of the temperature of the fine labels."""

SEVERAL: Final = frozenset(("goemotions", "nlupp"))
"""Sources whose texts may have several labels of their own; the others have one."""

ANYWHERE: Final = frozenset(("sentiment", "emotion", "abuse", "mood"))
"""Heads that a teacher answers for on every text; the others only where the source has such labels."""

KEEP: Final = 500
"""Steps between two checkpoints."""

Report = Callable[[str, float], None]


def tune(
    examples: Sequence[Example],
    texts: Sequence[str],
    folder: Path,
    tokenise: Tokenise,
    *,
    plan: Tuning,
    seed: int,
    report: Report,
    kept: Path,
    teachers: Sequence[Teacher] = (),
) -> Network:
    """The tuned network, on the CPU. `texts` are the normalised texts of `examples`, `folder` the encoder's.

    Runs on a GPU where there is one. Goes on from the checkpoint in `kept` when there is one; the caller
    names that file after all that the result depends on. The same arguments give the same weights on the
    same machine.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(plan.threads)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            shown = draws(examples, texts, tokenise, plan, seed).at(device())
            told = together(
                [one.tell(shown.texts, shown.tones[shown.rows], report) for one in teachers]
            )
            return _run(shown, told, folder, plan, report, kept, seed)
    finally:
        torch.set_num_threads(threads)


def _run(
    shown: Draws,
    told: Told,
    folder: Path,
    plan: Tuning,
    report: Report,
    kept: Path,
    seed: int,
) -> Network:
    net = Network(folder, {name: y.shape[1] for name, (y, _) in shown.fine.items()}, plan)
    came = {name: value.clone() for name, value in net.body.encoder.state_dict().items()}
    net.to(device())
    mean = {name: value.clone() for name, value in net.state_dict().items()}
    optimiser = torch.optim.AdamW(_groups(net, plan), weight_decay=plan.decay, eps=1e-8, fused=True)
    batches = shown.batches(plan.batch, seed)
    steps = len(shown.rows) // plan.batch
    fade = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min((step + 1) / (plan.warmup * steps + 1), 1 - step / (steps + 1)),
    )
    first = 0
    if kept.is_file():
        found = torch.load(kept, weights_only=True, map_location=device())
        net.load_state_dict(found["net"])
        optimiser.load_state_dict(found["optimiser"])
        fade.load_state_dict(found["fade"])
        mean, first = found["mean"], found["step"]
        report("tuning", first / steps)
    moving = [
        name
        for name, value in net.state_dict().items()
        if value.is_floating_point() and not name.startswith("body.embeddings")
    ]
    net.train()
    for step, rows in enumerate(batches):
        if step < first:
            continue
        torch.manual_seed(seed * 1_000_003 + step)  # so that a resumed run drops out the same
        loss = _loss(net, shown, told, rows, plan)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        fade.step()
        memory = min(plan.memory, (step + 1) / (step + 10))
        with torch.no_grad():
            now = net.state_dict()
            torch._foreach_lerp_(
                [mean[name] for name in moving], [now[name] for name in moving], 1 - memory
            )
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
    net.cpu()
    with torch.no_grad():
        for name, value in net.body.encoder.state_dict().items():
            value.copy_(torch.lerp(came[name], value, plan.share))
    return net.eval()


def _groups(net: Network, plan: Tuning) -> list[dict[str, object]]:
    """Parameters by learning rate: the lower a layer, the slower; the heads fastest."""
    layers = len(net.body.encoder.layer)
    groups: list[dict[str, object]] = [
        {
            "params": list(layer.parameters()),
            "lr": plan.rate * plan.fade ** (layers - 1 - number),
        }
        for number, layer in enumerate(net.body.encoder.layer)
    ]
    top = [*net.heads.parameters(), *net.fine_tone.parameters()]
    groups.append({"params": top, "lr": 1e-3})
    groups.append({"params": list(net.fine.parameters()), "lr": 1e-2})
    return groups


def _loss(net: Network, shown: Draws, told: Told, rows: Rows, plan: Tuning) -> Tensor:
    """The loss of a batch of draws: of our labels, of the sources' own, and of what a teacher says."""
    vectors, firsts = net(*net.padded([shown.ids[draw] for draw in rows]))
    at = torch.from_numpy(shown.rows[rows]).to(vectors.device)
    drawn = torch.from_numpy(rows).to(vectors.device)
    read = net.reading(vectors, firsts, shown.tones[at], plan.dropout)
    said = {name: head(read) for name, head in net.heads.items()}
    said["fine_tone"] = net.fine_tone(read)
    total = _of_labels(net, shown, vectors, said, at, plan)
    if told:
        total = total + plan.told * _of_teachers(shown, told, said, at, drawn, plan)
    return total / len(rows)


def _of_labels(
    net: Network, shown: Draws, vectors: Tensor, said: Told, at: Tensor, plan: Tuning
) -> Tensor:
    """The loss of our labels and of the sources' own; a text counts where its source says something."""
    total = torch.zeros((), device=vectors.device)
    for name, (y, weight) in shown.heads.items():
        total = total + plan.weights[name] * loss_of(said[name], y[at], weight[at], KINDS[name])
    for source, (y, weight) in shown.fine.items():
        if source == "goemotions":
            near = said["fine_tone"]
        else:
            near = SCALE * vectors @ functional.normalize(net.fine[source], dim=1).T
        if source == "nlupp":
            near = near - SCALE / 2
        kind: Kind = "each" if source in SEVERAL else "one_of"
        total = total + plan.weights["fine"] * loss_of(near, y[at], weight[at], kind)
    return total


def _of_teachers(
    shown: Draws, told: Told, said: Told, at: Tensor, drawn: Tensor, plan: Tuning
) -> Tensor:
    """The loss of the teachers' answers, each as probable as they say it is."""
    total = torch.zeros((), device=at.device)
    for name, answers in told.items():
        kind: Kind = "each"
        if name == "fine_tone":
            weight, much = shown.fine["goemotions"][1], plan.weights["fine"]
        else:
            weight, much, kind = shown.heads[name][1], plan.weights[name], KINDS[name]
        known = (weight[at] > 0) | (name in ANYWHERE)
        goal = answers[drawn].softmax(1) if kind == "one_of" else answers[drawn].sigmoid()
        total = total + much * loss_of(said[name], goal, known.float(), kind)
    return total
