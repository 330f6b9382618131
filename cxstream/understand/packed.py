"""A BERT forward pass without padding, whose result for a text does not depend on the texts beside it.

The tokens of all texts lie in one long array, the shortest texts first. What is done token by token (linear
layers, norms, GELU) runs over some rows at a time, which stay in the cache from one step to the next, and
attention over texts of the same length (see `layers`). KeyError when a weight is missing. Where the time goes
stands in docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

import torch
from torch import Tensor

from cxstream.understand.fused import build, passes
from cxstream.understand.fused.weights import Panels, Plain, PlainBlocks, Sums, fit
from cxstream.understand.fused.weights import fitting as fused_fitting
from cxstream.understand.layers import attends_steadily, compiled, ends, through
from cxstream.understand.products import BLOCK, Blocks, Floats, rows_at_once, spans
from cxstream.understand.whole import Paired, Whole, fitting

Precision = Literal["fp32", "int8", "bf16"]
"""Numbers of 32 bits; whole ones of 8 in the linear layers; or of 16, on a GPU where there is one."""

Product = type[Floats | Whole | Paired | Sums | Panels]

PART: Final = 1024
"""Tokens of one part on a CPU: enough that texts of one length meet."""

PART_GPU: Final = 16_384


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a BERT: layers, attention heads, width, and the epsilon of its norms."""

    layers: int
    heads: int
    hidden: int
    epsilon: float


class PackedBert:
    """A BERT by its shape and its weights (names as in transformers' `BertModel`), run without padding.

    `fused`: by the compiled steps (see `fused`), where they are there and suit it; else by torch's own.
    Called with token ids (one list a text, each with its own special tokens), it gives of the last layer
    the mean over the tokens of each text, and beside it the first token: float32, shape
    (texts, 2 * hidden size), in order.
    """

    def __init__(
        self,
        shape: Shape,
        tensors: Mapping[str, Tensor],
        precision: Precision = "fp32",
        *,
        fused: bool = True,
    ) -> None:
        self.hidden = shape.hidden
        self.precision = precision
        self._heads = shape.heads
        self._eps = shape.epsilon
        on_gpu = precision == "bf16" and torch.cuda.is_available()
        self._device = torch.device("cuda" if on_gpu else "cpu")
        self._part = PART_GPU if on_gpu else PART
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        weights = {
            name: tensor.to(self._device, dtype).contiguous() for name, tensor in tensors.items()
        }
        self._words = weights["embeddings.word_embeddings.weight"]
        # the type of every token is 0, so its vector can be added to the positions once
        self._positions = (
            weights["embeddings.position_embeddings.weight"]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._first_norm = _pair(weights, "embeddings.LayerNorm")
        wide = len(weights["encoder.layer.0.intermediate.dense.weight"])
        fused = fused and precision != "bf16" and fit(shape.hidden, shape.heads, wide)
        make, self._floor = self._product_of(weights, fused=fused and build.loaded())
        self._block = make.block
        self._rows = make.rows if make is Panels else rows_at_once(make.rows)
        self._steps = precision != "bf16" and attends_steadily(shape.hidden, shape.heads)
        self._layers = [_layer(weights, number, make) for number in range(shape.layers)]
        self._embedded, self._pooled = ends()
        if issubclass(make, (Plain, Sums, Panels)):
            self.fused, self._through = True, passes.compiled(make.own)
        else:
            self.fused, self._through = False, through if on_gpu else compiled()

    @torch.inference_mode()
    def __call__(self, batch: Sequence[Sequence[int]]) -> Tensor:
        result = torch.empty(len(batch), 2 * self.hidden)
        order = sorted(range(len(batch)), key=lambda place: len(batch[place]))
        for places in _parts(order, batch, self._part):
            found = self._pass([batch[place] for place in places])
            result.index_copy_(0, torch.tensor(places), found)
        return result

    def _product_of(self, weights: Mapping[str, Tensor], *, fused: bool) -> tuple[Product, int]:
        """How this machine multiplies, so that no row minds the rows beside it; and from how many rows on."""
        if self._device.type == "cuda":  # there nothing is promised of last bits: decisions/009
            return Floats, 1
        at = "encoder.layer.0"
        names = ("attention.self.query", "intermediate.dense", "output.dense")
        tried = [_pair(weights, f"{at}.{name}") for name in names] + [_together(weights, at)]
        if self.precision == "int8":
            suits = fused_fitting() if fused else None
            return suits or fitting([weight for weight, _ in tried]), 1
        make = Plain if fused else Floats
        floors = [make(*pair).steady_from() for pair in tried]
        known = [floor for floor in floors if floor is not None]
        if len(known) == len(floors):
            return make, max(known)
        return PlainBlocks if fused else Blocks, 1

    def _pass(self, texts: list[Sequence[int]]) -> Tensor:
        """Texts in the order of their lengths through all layers: mean and first token of each."""
        wanted = len(texts)
        while sum(map(len, texts)) < self._floor:  # so few tokens: the text again, for company
            texts = [*texts, texts[-1]]
        runs = _runs(texts)
        ids = torch.tensor([token for text in texts for token in text], device=self._device)
        x = self._embedded(ids, runs, self._words, self._positions, *self._first_norm, self._eps)
        # shared out over threads, rows get other neighbours from run to run
        block = BLOCK if torch.get_num_threads() > 1 else self._block
        blocks = list(spans(len(x), self._rows))
        self._through(x, self._layers, runs, blocks, self._heads, self._steps, block, self._eps)
        return self._pooled(x, runs)[:wanted]


def _parts(order: list[int], batch: Sequence[Sequence[int]], most: int) -> Iterator[list[int]]:
    """The places of texts in parts of at most `most` tokens; a longer text is a part of its own."""
    part: list[int] = []
    tokens = 0
    for place in order:
        if part and tokens + len(batch[place]) > most:
            yield part
            part, tokens = [], 0
        part.append(place)
        tokens += len(batch[place])
    if part:
        yield part


def _runs(texts: list[Sequence[int]]) -> list[tuple[int, int, int]]:
    """From which row, how many texts, of so many tokens each."""
    runs: list[tuple[int, int, int]] = []
    row = 0
    for length, some in groupby(map(len, texts)):
        count = len(list(some))
        runs.append((row, count, length))
        row += count * length
    return runs


def _layer(weights: Mapping[str, Tensor], number: int, make: Product) -> list[list[Tensor]]:
    """The weights of a layer at the places that `layers` looks for them."""
    at = f"encoder.layer.{number}"
    return [
        make(*_together(weights, at)).parts,
        make(*_pair(weights, f"{at}.attention.output.dense")).parts,
        [*_pair(weights, f"{at}.attention.output.LayerNorm")],
        make(*_pair(weights, f"{at}.intermediate.dense")).parts,
        make(*_pair(weights, f"{at}.output.dense")).parts,
        [*_pair(weights, f"{at}.output.LayerNorm")],
    ]


def _pair(weights: Mapping[str, Tensor], prefix: str) -> tuple[Tensor, Tensor]:
    return weights[f"{prefix}.weight"], weights[f"{prefix}.bias"]


def _together(weights: Mapping[str, Tensor], at: str) -> tuple[Tensor, Tensor]:
    """Query, key and value as one product."""
    three = [_pair(weights, f"{at}.attention.self.{part}") for part in ("query", "key", "value")]
    return torch.cat([w for w, _ in three]), torch.cat([b for _, b in three])
