"""Weights of linear layers as the fused passes take them; what is left to do after a product, the steps do.

In whole numbers a token brings a unit and a base, an output a scale, as in `understand.whole`; sums are exact.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from cxstream.understand.products import BLOCK, Floats, steady_from
from cxstream.understand.whole import ROWS, has_instructions, one_by_one

COLUMNS: Final = 16
"""Outputs of a panel: two registers of an AVX2 processor full."""

INPUTS: Final = 4
"""Numbers of one output side by side, which are multiplied and summed together."""

GROUP: Final = 128
"""Numbers of a token that share a unit and a base: one far from the others costs only those their precision."""

WIDTHS: Final = 16
"""Of what all widths must be multiples."""

_LEVELS: Final = 127
_SUM: Final = 126
"""Of four numbers of one sign, before they are rounded: that adds two at most."""


class Plain(Floats):
    """A product in single precision; its bias comes with the next step."""

    own: bool | None = None

    def steady_from(self) -> int | None:
        """From how many rows on this machine gives a row the same bits whatever is beside it, if ever."""
        across = self.parts[0]
        return steady_from(lambda x: torch.mm(x, across), across.shape[0])


class PlainBlocks(Plain):
    """The same in blocks of rows, for a machine whose products are not steady."""

    block = BLOCK


class Sums:
    """A product in whole numbers by torch, for processors with VNNI; its sums are left as they are."""

    block = 0
    rows = ROWS
    own: bool | None = False

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        numbers, scale = one_by_one(weight)
        self.parts = [numbers.to(torch.int8).t(), _columns(numbers, scale, bias, 1)]


class Panels:
    """A product in whole numbers by our own, for processors with AVX2 and no VNNI.

    A token's numbers come in groups of `GROUP`, each with a unit and a base. Those of a weight are such that of
    four those of one sign make 128 at most: 255 times that fits into 16 bits. They are packed in panels of
    `COLUMNS` outputs, in which for each `INPUTS` inputs theirs lie side by side.
    """

    block = 0
    rows = 96
    own: bool | None = True

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        numbers, scale = in_fours(weight)
        depth = numbers.shape[1]
        panels = numbers.to(torch.int8).view(-1, COLUMNS, depth // INPUTS, INPUTS)
        packed = panels.transpose(1, 2).contiguous()
        self.parts = [packed, _columns(numbers, scale, bias, groups_of(depth))]


def groups_of(depth: int) -> int:
    """How many groups so many inputs are cut into."""
    return depth // GROUP if depth % GROUP == 0 else 1


def in_fours(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A weight (outputs, inputs) as whole numbers, and the scale of each output.

    Of four that are summed in 16 bits (`_come_together`) those of one sign make 128 at most.
    """
    fours = _come_together(weight).view(len(weight), -1, 4)
    most = weight.abs().amax(1) * (_SUM / _LEVELS)
    for sign in (1, -1):
        most = torch.maximum(most, (sign * fours).clamp_min(0).sum(2).amax(1))
    scale = (most / _SUM).clamp_min(1e-12)
    return torch.round(weight / scale[:, None]), scale


def _come_together(weight: Tensor) -> Tensor:
    """Inputs in another order: side by side the fours that are summed in 16 bits, two and two of neighbours."""
    return weight.view(len(weight), -1, 2, 2, 2).transpose(2, 3).reshape(weight.shape)


def fit(hidden: int, heads: int, wide: int) -> bool:
    """Whether the steps can take layers of these widths."""
    return all(width % WIDTHS == 0 for width in (hidden, hidden // heads, wide))


def fitting() -> type[Sums | Panels] | None:
    """The product in whole numbers that suits this processor, if there is one among these."""
    if has_instructions():
        return Sums
    return Panels if hasattr(torch.ops.cxstream, "multiply") else None


def _columns(numbers: Tensor, scale: Tensor, bias: Tensor, groups: int) -> Tensor:
    """Of each output: scale, sum of its numbers (times scale) in each group of inputs, bias (`rows.h`)."""
    sums = numbers.view(len(numbers), groups, -1).sum(2).t() * scale
    return torch.cat((scale[None], sums, bias[None]))
