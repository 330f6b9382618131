"""Linear layers in 8-bit whole numbers, summed in 32 bits, which is exact: no row minds the rows beside it.

Each token brings a scale of its own, and so does each output of a weight. Processors with instructions for
such sums (VNNI) take signed numbers as they are (`Whole`). Others add two products in 16 bits on their way to
32, and would cut off what does not fit: there the numbers are chosen such that all of them fit (`Paired`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

ROWS: Final = 384
"""Most rows of one product where a core's own cache holds them; whole numbers take less room than others."""

_LEVELS: Final = 127
_STEPS: Final = 255
_TRIED: Final = 8


def whole(x: Tensor, out: Tensor, parts: list[Tensor], spent: bool) -> Tensor:
    """A product of the parts that `Whole` makes."""
    across, sums, scale, bias = parts[0], parts[1], parts[2], parts[3]
    least, most = x.amin(1, keepdim=True), x.amax(1, keepdim=True)
    middle = (least + most).div_(2)
    unit = most.sub_(least).clamp_min_(1e-9).div_(254)
    per_unit = unit.reciprocal()
    # torch is slow at addcmul where two of the three are one number a row
    numbers = x.mul_(per_unit) if spent else x * per_unit
    # where all are nearly equal, rounding moves the middle by many units
    numbers = numbers.sub_(middle * per_unit).round_().clamp_(-127.0, 127.0)
    out.copy_(torch._int_mm(numbers.to(torch.int8), across)).mul_(unit)
    torch.addcmul(out, middle, sums, out=out)
    return torch.addcmul(bias, out, scale, out=out)


def paired(x: Tensor, out: Tensor, parts: list[Tensor], spent: bool) -> Tensor:
    """A product of the parts that `Paired` makes."""
    across, scale, sums, bias = parts[0], parts[1], parts[2], parts[3]
    least = x.amin(1, keepdim=True)
    unit = x.amax(1, keepdim=True).sub_(least).clamp_min_(1e-9).div_(255)
    # half a unit more, then cut off, is rounded; by way of 16 bits torch takes half as long
    base = torch.sub(least, unit, alpha=0.5)
    numbers = (x.sub_(base) if spent else x - base).mul_(unit.reciprocal())
    numbers = numbers.to(torch.int16).to(torch.uint8)
    torch.addcmul(bias, least, sums, out=out)
    return torch.addcmul(out, _times(numbers, across, scale, parts[4]), unit, out=out)


def _times(numbers: Tensor, across: Tensor, scale: Tensor, middles: Tensor) -> Tensor:
    """Rows of numbers from 0 to 255 times a packed weight, each output times its scale, in single precision."""
    product: Tensor = torch.ops.onednn.qlinear_pointwise(
        numbers, 1.0, 0, across, scale, middles, None, 1.0, 0, torch.float32, "none", [], ""
    )
    return product


class Whole:
    """A product in 8-bit whole numbers, summed in 32 bits: one scale an output; a middle and a unit a token.

    A token's numbers lie between its least and its largest, so nothing is ever cut off. They are seldom
    centred: a unit alone, without a middle, would err more than twice as much.
    """

    block = 0
    rows = ROWS

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        numbers, scale = one_by_one(weight)
        self.parts = [numbers.to(torch.int8).t(), numbers.sum(1), scale, bias]

    def __call__(self, x: Tensor, out: Tensor) -> Tensor:
        return whole(x, out, self.parts, False)


class Paired:
    """As `Whole`, for processors that add two products in 16 bits on their way to 32.

    The numbers of a token go from 0 to 255, and of two neighbours in a weight those of one sign make 128 at
    most together, so that no sum of two products leaves 16 bits. Scales become a third coarser by that.
    """

    block = 0
    rows = ROWS

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        numbers, scale = in_pairs(weight)
        middles = torch.zeros(len(weight), dtype=torch.int32)
        self.parts = [_packed(numbers), scale, numbers.sum(1) * scale, bias, middles]

    def __call__(self, x: Tensor, out: Tensor) -> Tensor:
        return paired(x, out, self.parts, False)


def has_instructions() -> bool:
    """Whether this processor has instructions for sums of 8-bit products that torch uses (VNNI)."""
    return bool(torch.cpu.get_capabilities().get("avx512_vnni"))


def fitting(weights: Sequence[Tensor]) -> type[Whole | Paired]:
    """The product in whole numbers that suits this processor, tried on weights like those it is for."""
    if has_instructions():
        return Whole
    try:
        return Paired if all(sums_are_exact(weight) for weight in weights) else Whole
    except (AttributeError, RuntimeError):  # this build of torch has no such product
        return Whole


def sums_are_exact(weight: Tensor) -> bool:
    """Whether `Paired` cuts nothing off here, of tokens whose sums are as large as this weight allows."""
    numbers, _ = in_pairs(weight)
    tried = torch.cat([numbers[:_TRIED] > 0, numbers[:_TRIED] < 0]).to(torch.uint8) * _STEPS
    middles = torch.zeros(len(weight), dtype=torch.int32)
    said = _times(tried, _packed(numbers), torch.ones(len(weight)), middles)
    return torch.equal(said, (tried.double() @ numbers.double().t()).float())


def one_by_one(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A weight (outputs, inputs) as whole numbers from -127 to 127, and the scale of each output."""
    scale = (weight.abs().amax(1) / _LEVELS).clamp_min(1e-12)
    return torch.round(weight / scale[:, None]), scale


def in_pairs(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The same, where of two neighbours those of one sign make 128 at most."""
    most = weight.abs().amax(1)
    for sign in (1, -1):
        pairs = (sign * weight).clamp_min(0).view(len(weight), -1, 2).sum(2)
        most = torch.maximum(most, pairs.amax(1))  # rounding both may add one: 127 becomes 128
    scale = (most / _LEVELS).clamp_min(1e-12)
    return torch.round(weight / scale[:, None]), scale


def _packed(numbers: Tensor) -> Tensor:
    packed: Tensor = torch.ops.onednn.qlinear_prepack(numbers.to(torch.int8), None)
    return packed
