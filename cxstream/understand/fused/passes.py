"""A BERT's layers over packed rows, of matrix products and fused steps.

As in `understand.layers`, torch compiles them to one call that needs no interpreter until it ends. What a
product left to do, the step behind it does; sums are added up in another order, so the last bits are others.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from cxstream.understand.layers import Layers, scripted
from cxstream.understand.products import in_blocks


def in_floats(
    x: Tensor,
    weights: list[list[list[Tensor]]],
    runs: Tensor,
    blocks: list[tuple[int, int]],
    heads: int,
    block: int,
    epsilon: float,
) -> None:
    """Take the rows x (tokens, hidden) of many texts through all layers, in place, in single precision.

    `runs` (int64): from which row, how many texts, of so many tokens each. `blocks`: rows from and to that stay
    in the cache together. `block`: see `products.in_blocks`. `weights` of each layer as in `understand.layers`,
    products as `weights.Plain`.
    """
    hidden, outputs = x.shape[1], weights[0][3][0].shape[1]
    most = blocks[0][1] + 1
    qkv, mixed = torch.empty(x.shape[0], 3 * hidden), torch.empty_like(x)
    wide, narrow = torch.empty(most, outputs), torch.empty(most, hidden)
    for layer in weights:
        for start, stop in blocks:
            in_blocks(x[start:stop], layer[0][0], None, qkv[start:stop], block)
        torch.ops.cxstream.attend(qkv, None, layer[0][1], runs, heads, mixed, None, None)
        for start, stop in blocks:
            rows, one, two = x[start:stop], narrow[: stop - start], wide[: stop - start]
            in_blocks(mixed[start:stop], layer[1][0], None, one, block)
            torch.ops.cxstream.add_norm(
                one, None, layer[1][1], rows, layer[2][0], layer[2][1], epsilon, None, None
            )
            in_blocks(rows, layer[3][0], None, two, block)
            torch.ops.cxstream.gelu(two, None, layer[3][1], None, None)
            in_blocks(two, layer[4][0], None, one, block)
            torch.ops.cxstream.add_norm(
                one, None, layer[4][1], rows, layer[5][0], layer[5][1], epsilon, None, None
            )


def in_whole_numbers(
    x: Tensor,
    weights: list[list[list[Tensor]]],
    runs: Tensor,
    blocks: list[tuple[int, int]],
    heads: int,
    block: int,
    epsilon: float,
    own: bool,
) -> None:
    """As `in_floats`, in whole numbers: products are `weights.Panels` (`own`) or `weights.Sums`."""
    hidden, outputs = x.shape[1], weights[0][3][1].shape[1]
    most = blocks[0][1] + 1
    kind, sums = (torch.uint8, torch.float32) if own else (torch.int8, torch.int32)
    qkv = torch.empty(x.shape[0], 3 * hidden, dtype=sums)
    wide, narrow = torch.empty(most, outputs, dtype=sums), torch.empty(most, hidden, dtype=sums)
    groups = weights[0][0][1].shape[0] - 2, weights[0][4][1].shape[0] - 2
    numbers, about = torch.empty(x.shape, dtype=kind), torch.empty(x.shape[0], 2 * groups[0])
    more, about_more = torch.empty(most, outputs, dtype=kind), torch.empty(most, 2 * groups[1])
    torch.ops.cxstream.quantise(x, numbers, about)
    for layer in weights:
        for start, stop in blocks:
            times(numbers[start:stop], about[start:stop], layer[0], qkv[start:stop], own)
        left, columns = left_to_do(about, layer[0], own)
        torch.ops.cxstream.attend(qkv, left, columns, runs, heads, x, numbers, about)
        for start, stop in blocks:
            rows, one, two = x[start:stop], narrow[: stop - start], wide[: stop - start]
            mine, unit = numbers[start:stop], about[start:stop]
            its, its_unit = more[: stop - start], about_more[: stop - start]
            times(mine, unit, layer[1], one, own)
            left, columns = left_to_do(unit, layer[1], own)
            torch.ops.cxstream.add_norm(
                one, left, columns, rows, layer[2][0], layer[2][1], epsilon, mine, unit
            )
            times(mine, unit, layer[3], two, own)
            left, columns = left_to_do(unit, layer[3], own)
            torch.ops.cxstream.gelu(two, left, columns, its, its_unit)
            times(its, its_unit, layer[4], one, own)
            left, columns = left_to_do(its_unit, layer[4], own)
            torch.ops.cxstream.add_norm(
                one, left, columns, rows, layer[5][0], layer[5][1], epsilon, mine, unit
            )


def times(numbers: Tensor, about: Tensor, weight: list[Tensor], out: Tensor, own: bool) -> None:
    """A product of whole numbers: done with by our own, sums by torch's."""
    if own:
        torch.ops.cxstream.multiply(numbers, about, weight[0], weight[1], out)
    else:
        torch._int_mm(numbers, weight[0], out=out)


def left_to_do(
    about: Tensor, weight: list[Tensor], own: bool
) -> tuple[Tensor | None, Tensor | None]:
    """What the step behind a product needs to make numbers of its sums; nothing where it gave numbers."""
    if own:
        return None, None
    return about, weight[1]


@cache
def compiled(own: bool | None) -> Layers:
    """The layers in single precision (None), or in whole numbers by our own product or torch's."""
    made = scripted(in_floats if own is None else in_whole_numbers)
    further = () if own is None else (own,)
    # attention has one way here, so nobody need say which
    return lambda x, weights, runs, blocks, heads, _, block, epsilon: made(
        x, weights, torch.tensor(runs), blocks, heads, block, epsilon, *further
    )
