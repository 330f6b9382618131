"""What the encoder is shown while it is tuned: which text when, with which words, and what is true of it.

Each time a text comes it is a draw of its own, since some of its words may be left out. So a network cannot
learn it by heart, and a teacher can be asked about words that nobody has labelled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cxstream.learn.examples import Example
from cxstream.learn.network import TAUGHT, Tuning
from cxstream.learn.targets import targets
from cxstream.understand.tone import tone

Tokenise = Callable[[Sequence[str]], list[list[int]]]
Rows = NDArray[np.int64]

POOL = 40
"""Batches that are drawn together and sorted by length, so that little is padding."""


@dataclass(frozen=True, slots=True)
class Draws:
    """All draws of a tuning, in their order.

    `texts` and `ids` by draw; `rows` is the example of each draw. By example: `tones`, and per head, and per
    source with labels of its own, the targets and weights.
    """

    texts: list[str]
    ids: list[list[int]]
    rows: Rows
    tones: Tensor
    heads: dict[str, tuple[Tensor, Tensor]]
    fine: dict[str, tuple[Tensor, Tensor]]

    def batches(self, size: int, seed: int) -> list[Rows]:
        """Numbers of draws that go together, in an order by chance."""
        chance = np.random.default_rng(seed + 1)
        found: list[Rows] = []
        for start in range(0, len(self.rows), size * POOL):
            pool = np.arange(start, min(start + size * POOL, len(self.rows)))
            pool = pool[np.argsort([len(self.ids[draw]) for draw in pool], kind="stable")]
            parts = [pool[n : n + size] for n in range(0, len(pool), size)]
            found += [parts[n] for n in chance.permutation(len(parts)) if len(parts[n]) == size]
        return found

    def at(self, device: torch.device) -> Draws:
        """The same with what is known of the examples on a device."""

        def moved(known: dict[str, tuple[Tensor, Tensor]]) -> dict[str, tuple[Tensor, Tensor]]:
            return {name: (y.to(device), weight.to(device)) for name, (y, weight) in known.items()}

        return Draws(
            self.texts,
            self.ids,
            self.rows,
            self.tones.to(device),
            moved(self.heads),
            moved(self.fine),
        )


def draws(
    examples: Sequence[Example],
    texts: Sequence[str],
    tokenise: Tokenise,
    plan: Tuning,
    seed: int,
) -> Draws:
    """The draws of a plan; `texts` are the normalised texts of `examples`. The same seed, the same draws."""
    rows = _order(examples, plan, seed)
    chance = np.random.default_rng(seed + 2)
    shown = [_thinned(texts[row], plan.dropped, chance) for row in rows]
    heads = {}
    for name in TAUGHT:
        said, counts = targets(name, examples)
        heads[name] = (torch.from_numpy(said), torch.from_numpy(counts))
    return Draws(
        texts=shown,
        ids=[ids[: plan.tokens - 1] + ids[-1:] for ids in tokenise(shown)],
        rows=rows,
        tones=torch.tensor([tone(text) for text in texts]),
        heads=heads,
        fine=_fine(examples),
    )


def _order(examples: Sequence[Example], plan: Tuning, seed: int) -> Rows:
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


def _thinned(text: str, share: float, chance: np.random.Generator) -> str:
    """The text without a share of its words; one of two words or fewer stays whole."""
    words = text.split()
    if share <= 0 or len(words) < 3:
        return text
    stays = chance.random(len(words)) >= share
    return " ".join(word for word, kept in zip(words, stays, strict=True) if kept) or text


def _fine(examples: Sequence[Example]) -> dict[str, tuple[Tensor, Tensor]]:
    """The sources' own labels: which each example has (n, labels), and whether its source asks for them."""
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
    return fine
