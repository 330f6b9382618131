"""Linear layers over the tokens of many texts: in floating point, or in whole numbers.

What a token gets must not depend on the tokens beside it, to the last bit, or a replay would not give the
same scores. In whole numbers that costs nothing: sums of integers are exact, and each token brings a scale
of its own. In floating point a matrix product may pick another kernel, and so another order of summation,
when its number of rows changes; `steady` finds out whether this machine's does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

import torch
from torch import Tensor

ROWS: Final = 192
"""Most rows of one product: with more, what is calculated token by token leaves a core's own cache."""

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


class Product(Protocol):
    """Rows times weights, plus bias: x (rows, inputs) into out (rows, outputs), which it also returns."""

    def __call__(self, x: Tensor, out: Tensor) -> Tensor: ...


class Floats:
    """A product in the type of its weight (outputs, inputs). Steady where `steady` says so, from 2 rows on."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.across = weight.t().contiguous()  # a product with a transposed view is a third slower
        self.bias = bias

    def is_steady(self) -> bool:
        """Whether this machine gives a row the same bits however many rows are beside it."""
        inputs = self.across.shape[0]
        return steady(lambda x: torch.addmm(self.bias, x.to(self.bias), self.across), inputs)

    def __call__(self, x: Tensor, out: Tensor) -> Tensor:
        # shared out over threads, rows get other neighbours from run to run
        if torch.get_num_threads() > 1:
            return self.in_blocks(x, out)
        return torch.addmm(self.bias, x, self.across, out=out)

    def in_blocks(self, x: Tensor, out: Tensor) -> Tensor:
        """The same in blocks of exactly `BLOCK` rows, the last one filled up with zeros: steady anywhere."""
        rows = x.shape[0]
        whole = rows - rows % BLOCK
        for row in range(0, whole, BLOCK):
            torch.addmm(self.bias, x[row : row + BLOCK], self.across, out=out[row : row + BLOCK])
        if whole < rows:
            last = x.new_zeros(BLOCK, x.shape[1])
            last[: rows - whole] = x[whole:]
            out[whole:] = torch.addmm(self.bias, last, self.across)[: rows - whole]
        return out


class Blocks(Floats):
    """A product in blocks on a machine that is not steady."""

    def __call__(self, x: Tensor, out: Tensor) -> Tensor:
        return self.in_blocks(x, out)


class Whole:
    """A product in 8-bit whole numbers, summed in 32 bits: one scale an output; a middle and a unit a token.

    A token's numbers lie between its least and its largest, so nothing is ever cut off. They are seldom
    centred: a unit alone, without a middle, would err more than twice as much.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        scale = (weight.abs().amax(1) / _LEVELS).clamp_min(1e-12)
        numbers = torch.round(weight / scale[:, None])
        self._across = numbers.to(torch.int8).t()
        self._sums = numbers.sum(1)
        self._scale = scale
        self._bias = bias

    def __call__(self, x: Tensor, out: Tensor) -> Tensor:
        least, most = x.amin(1, keepdim=True), x.amax(1, keepdim=True)
        middle = (least + most).div_(2)
        unit = most.sub_(least).clamp_min_(1e-9).div_(2 * _LEVELS)
        per_unit = unit.reciprocal()
        numbers = torch.addcmul(-middle * per_unit, x, per_unit).round_()
        out.copy_(torch._int_mm(numbers.to(torch.int8), self._across)).mul_(unit)
        torch.addcmul(out, middle, self._sums, out=out)
        return torch.addcmul(self._bias, out, self._scale, out=out)


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
