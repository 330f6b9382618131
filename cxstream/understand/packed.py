"""A BERT forward pass whose result for a text does not depend on the texts beside it.

A matrix product may pick another kernel, and so other last bits, when its number of rows changes;
padding does the same. Here no token is padded: the tokens of all texts lie in one long array, linear
layers run over blocks of exactly 16 rows (the last one filled up with zeros), and attention runs over
texts of the same length. Every product that a token goes through then has a shape that its neighbours
cannot change. It is also several times faster than padded batches. KeyError when a weight is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

BLOCK: Final = 16
"""Rows of one product. 32 would be a tenth faster in large batches and a quarter slower for one text."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a BERT: layers, attention heads, width, and the epsilon of its norms."""

    layers: int
    heads: int
    hidden: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class _Layer:
    qkv: tuple[Tensor, Tensor]
    mix: tuple[Tensor, Tensor]
    mix_norm: tuple[Tensor, Tensor]
    widen: tuple[Tensor, Tensor]
    narrow: tuple[Tensor, Tensor]
    out_norm: tuple[Tensor, Tensor]


class PackedBert:
    """A BERT by its shape and its weights (names as in transformers' `BertModel`), run without padding.

    Called with token ids (one list a text, each with its own special tokens), it gives of the last layer
    the mean over the tokens of each text, and beside it the first token: float32, shape
    (texts, 2 * hidden size), in order.
    """

    def __init__(self, shape: Shape, tensors: Mapping[str, Tensor]) -> None:
        self.hidden = shape.hidden
        self._heads = shape.heads
        self._eps = shape.epsilon
        weights = {name: tensor.float().contiguous() for name, tensor in tensors.items()}

        def pair(prefix: str) -> tuple[Tensor, Tensor]:
            return weights[f"{prefix}.weight"], weights[f"{prefix}.bias"]

        self._words = weights["embeddings.word_embeddings.weight"]
        # the type of every token is 0, so its vector can be added to the positions once
        self._positions = (
            weights["embeddings.position_embeddings.weight"]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._first_norm = pair("embeddings.LayerNorm")
        self._layers = []
        for number in range(shape.layers):
            at = f"encoder.layer.{number}"
            q, k, v = (pair(f"{at}.attention.self.{part}") for part in ("query", "key", "value"))
            self._layers.append(
                _Layer(
                    qkv=(torch.cat([q[0], k[0], v[0]]), torch.cat([q[1], k[1], v[1]])),
                    mix=pair(f"{at}.attention.output.dense"),
                    mix_norm=pair(f"{at}.attention.output.LayerNorm"),
                    widen=pair(f"{at}.intermediate.dense"),
                    narrow=pair(f"{at}.output.dense"),
                    out_norm=pair(f"{at}.output.LayerNorm"),
                )
            )

    @torch.inference_mode()
    def __call__(self, batch: Sequence[Sequence[int]]) -> Tensor:
        order = sorted(range(len(batch)), key=lambda i: len(batch[i]))
        result = torch.empty(len(batch), 2 * self.hidden)
        if not order:
            return result
        x, runs = self._embed([batch[i] for i in order])
        for layer in self._layers:
            attended = self._attend(_linear(x, *layer.qkv), runs)
            x = self._norm(_linear(attended, *layer.mix).add_(x), layer.mix_norm)
            wide = functional.gelu(_linear(x, *layer.widen))
            x = self._norm(_linear(wide, *layer.narrow).add_(x), layer.out_norm)
        row = 0
        for start, count, length in runs:
            for k in range(count):  # one text at a time: a sum over rows, in one fixed shape
                first = start + k * length
                result[order[row], : self.hidden] = x[first : first + length].mean(0)
                result[order[row], self.hidden :] = x[first]
                row += 1
        return result

    def _embed(self, texts: list[Sequence[int]]) -> tuple[Tensor, list[tuple[int, int, int]]]:
        """Token vectors in rows, filled up to whole blocks, and runs of (first row, texts, length)."""
        runs: list[tuple[int, int, int]] = []
        row = 0
        for text in texts:
            if runs and runs[-1][2] == len(text):
                runs[-1] = (runs[-1][0], runs[-1][1] + 1, len(text))
            else:
                runs.append((row, 1, len(text)))
            row += len(text)
        fill = -row % BLOCK
        ids = torch.tensor([token for text in texts for token in text] + [0] * fill)
        places = torch.tensor([i for text in texts for i in range(len(text))] + [0] * fill)
        return self._norm(self._words[ids] + self._positions[places], self._first_norm), runs

    def _attend(self, qkv: Tensor, runs: list[tuple[int, int, int]]) -> Tensor:
        out = torch.zeros(qkv.shape[0], self.hidden)
        for start, count, length in runs:
            stop = start + count * length
            shape = (count, length, 3, self._heads, self.hidden // self._heads)
            q, k, v = qkv[start:stop].view(shape).permute(2, 0, 3, 1, 4)
            mixed = functional.scaled_dot_product_attention(q, k, v)
            out[start:stop].view(count, length, self._heads, -1).copy_(mixed.transpose(1, 2))
        return out

    def _norm(self, x: Tensor, scale: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(x, (self.hidden,), scale[0], scale[1], self._eps)


def _linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    out = torch.empty(x.shape[0], weight.shape[0])
    across = weight.t()
    for row in range(0, x.shape[0], BLOCK):
        torch.addmm(bias, x[row : row + BLOCK], across, out=out[row : row + BLOCK])
    return out
