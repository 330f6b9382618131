"""Linear layers over the tokens of many texts: in floating point, or in whole numbers.

What a token gets must not depend on the tokens beside it, to the last bit, or a replay would not give the
same scores. In whole numbers that costs nothing: sums of integers are exact, and each token brings a scale
of its own. In floating point a matrix product may pick another kernel, and so another order of summation,
when its number of rows changes; `steady` finds out whether this machine's does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import torch
from torch import Tensor

ROWS: Final = 192
"""Most rows of one product: with more, what is calculated token by token leaves a core's own cache."""

ROWS_WHOLE: Final = 2 * ROWS
"""Most rows of one in whole numbers, which take a quarter of the room."""

BLOCK: Final = 16
"""Rows of every product on a machine whose products are not steady."""

_COUNTS: Final = (
    2,
    3,
    4,
    5,
    7,
    8,
    11,
    15,
    16,
    17,
    23,
    31,
    32,
    33,
    48,
    63,
    64,
    65,
    96,
    128,
    191,
    192,
)
_LEVELS: Final = 127


Parts = list[Tensor]
"""The tensors of a product: weight (inputs, outputs) and bias; or those that `Whole` makes."""


def multiply(
    x: Tensor, out: Tensor, parts: list[Tensor], block: int, spent: bool = False
) -> Tensor:
    """Rows times weights, plus bias: x (rows, inputs) into out (rows, outputs), which it also returns.

    `spent`: nobody needs x any more, it may be written over.
    In floating point in blocks of exactly `block` rows, the last one filled up with zeros, which is steady
    anywhere; 0: all rows at once. Written so that torch can compile it (see `layers`).
    """
    if len(parts) > 2:
        return whole(x, out, parts, spent)
    across, bias = parts[0], parts[1]
    if block == 0:
        return torch.addmm(bias, x, across, out=out)
    rows = x.shape[0]
    full = rows - rows % block
    for row in range(0, full, block):
        torch.addmm(bias, x[row : row + block], across, out=out[row : row + block])
    if full < rows:
        last = torch.zeros(block, x.shape[1], dtype=x.dtype, device=x.device)
        last[: rows - full] = x[full:]
        # with `out`, as above: torch's compiler would make two steps of it, and other bits
        room = torch.empty(block, out.shape[1], dtype=x.dtype, device=x.device)
        out[full:] = torch.addmm(bias, last, across, out=room)[: rows - full]
    return out


def whole(x: Tensor, out: Tensor, parts: list[Tensor], spent: bool) -> Tensor:
    """A product in whole numbers, of the parts that `Whole` makes."""
    across, sums, scale, bias = parts[0], parts[1], parts[2], parts[3]
    least, most = x.amin(1, keepdim=True), x.amax(1, keepdim=True)
    middle = (least + most).div_(2)
    unit = most.sub_(least).clamp_min_(1e-9).div_(254)
    per_unit = unit.reciprocal()
    # torch is slow at addcmul where two of the three are one number a row
    numbers = x.mul_(per_unit) if spent else x * per_unit
    numbers = numbers.sub_(middle * per_unit).round_()
    out.copy_(torch._int_mm(numbers.to(torch.int8), across)).mul_(unit)
    torch.addcmul(out, middle, sums, out=out)
    return torch.addcmul(bias, out, scale, out=out)


class Floats:
    """A product in the type of its weight (outputs, inputs). Steady where `steady` says so, from 2 rows on."""

    block = 0
    rows = ROWS

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        # a product with a transposed view is a third slower
        self.parts: Parts = [weight.t().contiguous(), bias]

    def is_steady(self) -> bool:
        """Whether this machine gives a row the same bits however many rows are beside it."""
        across, bias = self.parts
        return steady(lambda x: torch.addmm(bias, x.to(bias), across), across.shape[0])

    def __call__(self, x: Tensor, out: Tensor) -> Tensor:
        return multiply(x, out, self.parts, self.block)


class Blocks(Floats):
    """A product in blocks, for a machine that is not steady."""

    block = BLOCK


class Whole:
    """A product in 8-bit whole numbers, summed in 32 bits: one scale an output; a middle and a unit a token.

    A token's numbers lie between its least and its largest, so nothing is ever cut off. They are seldom
    centred: a unit alone, without a middle, would err more than twice as much.
    """

    block = 0
    rows = ROWS_WHOLE

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        scale = (weight.abs().amax(1) / _LEVELS).clamp_min(1e-12)
        numbers = torch.round(weight / scale[:, None])
        self.parts: Parts = [numbers.to(torch.int8).t(), numbers.sum(1), scale, bias]

    def __call__(self, x: Tensor, out: Tensor) -> Tensor:
        return multiply(x, out, self.parts, self.block)


def spans(rows: int, most: int) -> Iterator[tuple[int, int]]:
    """Rows cut evenly into spans of at most `most`, so that none is a lonely row among many."""
    parts = -(-rows // most)
    for part in range(parts):
        yield part * rows // parts, (part + 1) * rows // parts


def steady(multiply: Callable[[Tensor], Tensor], inputs: int) -> bool:
    """Whether a row gets the same bits from `multiply` however many rows are beside it, from 2 on."""
    source = torch.Generator().manual_seed(7)
    x = torch.randn(ROWS, inputs, generator=source)
    whole = multiply(x)
    return all(torch.equal(multiply(x[-count:]), whole[-count:]) for count in _COUNTS)
