"""The student: a light model that says of short texts what the transformer says, and how far to trust it.

Texts teach by what the transformer says of them. A fifth of them is kept back: on it the light model's
agreement with the transformer is estimated and calibrated. The memo holds our own short sentences, no line of
the data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from cxstream.learn.examples import authored
from cxstream.learn.figures import calibration_error
from cxstream.learn.routine import routine
from cxstream.learn.short import draw
from cxstream.understand.labels import INTENTS, SENTIMENTS
from cxstream.understand.light import (
    DOUBTS,
    LONGEST,
    OUTPUTS,
    UNIT,
    Light,
    LightScorer,
    buckets_of,
    key_of,
    numbers_of,
)
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Scorer, readings

Report = Callable[[str, float], None]
Numbers = NDArray[np.float64]

STEP: Final = 512
MEMO_WORDS: Final = 6
NEAR: Final = 0.1
"""How far apart two numbers may be that decisions read, and still be the same to them."""

_INTENT, _TONE = slice(0, len(INTENTS)), slice(len(INTENTS), len(INTENTS) + len(SENTIMENTS))
_FEELINGS = slice(_TONE.stop, OUTPUTS)


@dataclass(frozen=True, slots=True)
class Diet:
    """The size of the light model and how it is fed."""

    buckets: int = 2**15
    wide: int = 64
    hidden: int = 128
    epochs: int = 15
    rate: float = 4e-3
    batch: int = 256
    dropout: float = 0.1
    gist: float = 0.15
    trust_hidden: int = 24
    trust_epochs: int = 30


def fit_light(
    scorer: Scorer,
    texts: Sequence[str],
    *,
    seed: int,
    report: Report,
    stream: str = "",
    diet: Diet | None = None,
) -> tuple[Light, dict[str, float]]:
    """A light model that repeats `scorer` on short normalised texts, and how well it knows itself.

    `stream` is the mark of the stream that the scorer's gists are for, if it gives any. Figures: the share of
    kept-back texts on which it agrees, and the calibration error of its agreement on those of them that did
    not calibrate it. The threshold is left at 1 for the caller to choose. The same arguments give the same
    arrays on the same machine, whatever torch's random state was.
    """
    diet = diet or Diet()
    torch.set_num_threads(1)  # with more, sums would be split by chance of the machine
    truth = taught(scorer, texts, report)
    memo = _memo(scorer)
    part = np.array([draw("kept back " + text) % 100 for text in texts])
    learns, held = np.flatnonzero(part >= 20), np.flatnonzero(part < 20)
    judges = part[held] < 5
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        arrays = _student([texts[i] for i in learns.tolist()], truth[learns], diet, report) | memo
        blank = LightScorer(Light("", "", 1.0, "", arrays | _blank_trust(diet)))
        thoughts = [blank.think(texts[i]) for i in held.tolist()]
        said = np.stack([np.concatenate((t.numbers, t.gist)) for t in thoughts])
        about = np.stack([t.doubts for t in thoughts])
        same = agreed(said, truth[held])
        arrays |= _trust(about[~judges], same[~judges], diet)
    mark = sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays))).hexdigest()[:8]
    light = Light(f"light-{mark}", scorer.name, 1.0, stream, arrays)
    served = LightScorer(light)
    sure = np.array([served.trust(row) for row in about[judges]])
    return light, {
        "texts": len(texts),
        "agrees": float(same[judges].mean()),
        "agreement_ece": calibration_error(sure, same[judges]),
    }


def taught(scorer: Scorer, texts: Sequence[str], report: Report) -> Numbers:
    """What the transformer says of each text: its 36 numbers, and its gist (-1 to 1) if it gives one."""
    rows: list[Numbers] = []
    for start in range(0, len(texts), STEP):
        report("asking the transformer", start / len(texts))
        for scores, gist in readings(scorer, texts[start : start + STEP]):
            pressed = np.frombuffer(gist, np.int8) / 127
            rows.append(np.concatenate((numbers_of(scores), pressed)))
    report("asking the transformer", 1.0)
    return np.stack(rows)


def agreed(said: Numbers, truth: Numbers) -> NDArray[np.bool_]:
    """Whether two answers are the same to every decision: labels equal, numbers near and on one side."""
    intent, true_intent = said[:, _INTENT], truth[:, _INTENT]
    tone, true_tone = said[:, _TONE], truth[:, _TONE]
    feelings, true_feelings = said[:, _FEELINGS], truth[:, _FEELINGS]
    valence = (tone[:, -1] - tone[:, 0]) - (true_tone[:, -1] - true_tone[:, 0])
    return np.asarray(
        (intent.argmax(1) == true_intent.argmax(1))
        & (np.abs(intent.max(1) - true_intent.max(1)) <= NEAR)
        & (tone.argmax(1) == true_tone.argmax(1))
        & (np.abs(valence) <= NEAR)
        & (np.abs(feelings - true_feelings) <= NEAR).all(1)
        & ((feelings >= 0.5) == (true_feelings >= 0.5)).all(1)
    )


class _Student(nn.Module):
    def __init__(self, diet: Diet, outputs: int) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(diet.buckets, diet.wide, mode="sum")
        nn.init.normal_(self.table.weight, std=0.1)
        self.inner = nn.Linear(diet.wide + 1, diet.hidden)
        self.outer = nn.Linear(diet.hidden, outputs)
        self.drop = nn.Dropout(diet.dropout)

    def forward(
        self, flat: torch.Tensor, starts: torch.Tensor, sizes: torch.Tensor
    ) -> torch.Tensor:
        summed = self.drop(self.table(flat, starts) / sizes.sqrt()[:, None])
        long = sizes[:, None] / LONGEST / 2
        said: torch.Tensor = self.outer(torch.relu(self.inner(torch.cat((summed, long), 1))))
        return said


def _student(
    texts: Sequence[str], truth: Numbers, diet: Diet, report: Report
) -> dict[str, NDArray[Any]]:
    bags = [np.array(buckets_of(text, diet.buckets), np.int64) for text in texts]
    goal = truth.copy()
    # the ranking of a record has five intents: what is left belongs to the others
    rest = np.maximum(0, 1 - goal[:, _INTENT].sum(1, keepdims=True))
    goal[:, _INTENT] += rest / len(INTENTS)
    goals = torch.from_numpy(goal.astype(np.float32))
    net = _Student(diet, truth.shape[1])
    optimiser = torch.optim.Adam(net.parameters(), lr=diet.rate)
    steps = diet.epochs * -(-len(texts) // diet.batch)
    fade = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / (steps + 1))
    for epoch in range(diet.epochs):
        report("distilling", epoch / diet.epochs)
        order = torch.randperm(len(texts)).numpy()
        for start in range(0, len(texts), diet.batch):
            rows = order[start : start + diet.batch]
            said = net(*_bagged([bags[row] for row in rows]))
            loss = _distance(said, goals[rows], diet.gist)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            fade.step()
    report("distilling", 1.0)
    counts = np.bincount(np.concatenate(bags), minlength=diet.buckets)
    table = net.table.weight.detach().numpy()
    table[counts == 0] = 0  # never seen: says nothing, instead of noise
    scale = np.maximum(np.abs(table).max(1), 1e-6) / 127
    return {
        "table": np.round(table / scale[:, None]).astype(np.int8),
        "scale": scale.astype(np.float16),
        "known": np.round(np.log2(1 + counts)).astype(np.uint8),
        "inner": net.inner.weight.detach().numpy().astype(np.float16),
        "inner_bias": net.inner.bias.detach().numpy().astype(np.float16),
        "outer": net.outer.weight.detach().numpy().astype(np.float16),
        "outer_bias": net.outer.bias.detach().numpy().astype(np.float16),
    }


def _bagged(bags: list[NDArray[np.int64]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    sizes = np.array([len(bag) for bag in bags])
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    flat = torch.from_numpy(np.concatenate(bags))
    return flat, torch.from_numpy(starts), torch.from_numpy(sizes.astype(np.float32))


def _distance(said: torch.Tensor, goal: torch.Tensor, weight: float) -> torch.Tensor:
    intent = -(goal[:, _INTENT] * torch.log_softmax(said[:, _INTENT], 1)).sum(1).mean()
    tone = -(goal[:, _TONE] * torch.log_softmax(said[:, _TONE], 1)).sum(1).mean()
    feelings = functional.binary_cross_entropy_with_logits(
        said[:, _FEELINGS], goal[:, _FEELINGS], reduction="none"
    )
    gist = (said[:, OUTPUTS:] - goal[:, OUTPUTS:]).square().sum(1).mean()
    return intent + tone + feelings.sum(1).mean() + weight * gist


def _blank_trust(diet: Diet) -> dict[str, NDArray[Any]]:
    wide = diet.trust_hidden
    return {
        "trust": np.zeros((wide, DOUBTS), np.float16),
        "trust_bias": np.zeros(wide, np.float16),
        "sure": np.zeros(wide, np.float16),
        "sure_bias": np.zeros(1, np.float16),
    }


def _trust(about: NDArray[np.float32], same: NDArray[np.bool_], diet: Diet) -> dict[str, Any]:
    """The network that says how probable agreement is: fitted on texts that the student never saw."""
    x, y = torch.from_numpy(about), torch.from_numpy(same.astype(np.float32))
    first, last = nn.Linear(DOUBTS, diet.trust_hidden), nn.Linear(diet.trust_hidden, 1)
    moving = [*first.parameters(), *last.parameters()]
    optimiser = torch.optim.AdamW(moving, lr=5e-3, weight_decay=1e-2)
    for _ in range(diet.trust_epochs):
        order = torch.randperm(len(x))
        for start in range(0, len(x), 256):
            rows = order[start : start + 256]
            said = last(torch.relu(first(x[rows])))[:, 0]
            loss = functional.binary_cross_entropy_with_logits(said, y[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return {
        "trust": first.weight.detach().numpy().astype(np.float16),
        "trust_bias": first.bias.detach().numpy().astype(np.float16),
        "sure": last.weight.detach().numpy()[0].astype(np.float16),
        "sure_bias": last.bias.detach().numpy().astype(np.float16),
    }


def _memo(scorer: Scorer) -> dict[str, NDArray[Any]]:
    """The transformer's own scores of our short sentences, by the key of the text, ascending."""
    plain = {normalise(example.text) for example in authored()}
    short = sorted(
        {t for t in plain if t and t.count(" ") < MEMO_WORDS} | set(routine()), key=key_of
    )
    rows = taught(scorer, short, lambda work, share: None)
    return {
        "memo_keys": np.array([key_of(text) for text in short], np.uint64),
        "memo_scores": np.round(rows[:, :OUTPUTS] * UNIT).astype(np.uint16),
        "memo_gists": np.round(rows[:, OUTPUTS:] * 127).astype(np.int8),
    }
