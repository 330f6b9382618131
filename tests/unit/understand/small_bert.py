"""A small BERT, drawn once, and token ids for it."""

from __future__ import annotations

import random
from typing import Final

import torch
from torch import Tensor

from cxstream.understand.packed import Shape

SHAPE: Final = Shape(layers=2, heads=4, hidden=64, epsilon=1e-12)
WIDE: Final = 256


def tensors() -> dict[str, Tensor]:
    """The weights of a small BERT, drawn once."""
    source = torch.Generator().manual_seed(3)

    def draw(*size: int) -> Tensor:
        return torch.randn(*size, generator=source) * 0.2

    found = {
        "embeddings.word_embeddings.weight": draw(50, 64),
        "embeddings.position_embeddings.weight": draw(512, 64),
        "embeddings.token_type_embeddings.weight": draw(2, 64),
    }
    norms = ["embeddings.LayerNorm"]
    for number in range(SHAPE.layers):
        at = f"encoder.layer.{number}"
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
        square = ["self.query", "self.key", "self.value", "output.dense"]
        sizes = {f"{at}.attention.{part}": (64, 64) for part in square}
        sizes |= {f"{at}.intermediate.dense": (WIDE, 64), f"{at}.output.dense": (64, WIDE)}
        for name, (outputs, inputs) in sizes.items():
            found |= {f"{name}.weight": draw(outputs, inputs), f"{name}.bias": draw(outputs)}
    for name in norms:
        found |= {f"{name}.weight": 1 + draw(64), f"{name}.bias": draw(64)}
    return found


def texts(seed: int = 1) -> list[list[int]]:
    """Token ids, from two a text to more than a part holds."""
    chance = random.Random(seed)
    lengths = [chance.choice((2, 2, 3, 5, 8, 13, 21, 60)) for _ in range(50)] + [500]
    chance.shuffle(lengths)
    return [[chance.randrange(50) for _ in range(length)] for length in lengths]
