"""Linear layers over the tokens of many texts: in floating point; those in whole numbers stand in `whole`.

What a token gets must not depend on the tokens beside it, to the last bit, or a replay would not give the
same scores. In whole numbers that costs nothing: sums of integers are exact, and each token brings a scale
of its own. In floating point a matrix product may pick another kernel, and so another order of summation,
when its number of rows changes; `steady_from` finds out from how many rows on this machine's does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import torch
from torch import Tensor

from cxstream.understand.whole import paired, whole

ROWS: Final = 192
"""Most rows of one product where a core's own cache holds what is calculated of them token by token."""

MANY: Final = 1024
"""Most rows of one where it does not: then cutting saves nothing, and costs a tenth."""

OWN_CACHE: Final = 1 << 20
"""Bytes of a cache that holds them."""

BLOCK: Final = 16
"""Rows of every product on a machine whose products are not steady."""

FLOORS: Final = (2, 4, 8)
"""From how many rows on products may be steady: MKL's are from 2 on Intel's processors, from 4 on AMD's."""

# fmt: off
_COUNTS: Final = (
    2, 3, 4, 5, 7, 8, 11, 15, 16, 17, 23, 31, 32, 33, 48, 63, 64, 65, 96, 128, 191, 192, 257, 384, 700,
)
# fmt: on

Parts = list[Tensor]
"""The tensors of a product: weight (inputs, outputs) and bias; or those that `Whole` or `Paired` makes."""


def multiply(
    x: Tensor, out: Tensor, parts: list[Tensor], block: int, spent: bool = False
) -> Tensor:
    """Rows times weights, plus bias: x (rows, inputs) into out (rows, outputs), which it also returns.

    `spent`: nobody needs x any more, it may be written over.
    In floating point `in_blocks`. Written so that torch can compile it (see `layers`).
    """
    if len(parts) == 4:
        return whole(x, out, parts, spent)
    if len(parts) == 5:
        return paired(x, out, parts, spent)
    return in_blocks(x, parts[0], parts[1], out, block)


def in_blocks(x: Tensor, across: Tensor, bias: Tensor | None, out: Tensor, block: int) -> Tensor:
    """A product in floating point, in blocks of exactly `block` rows, the last one filled up with zeros.

    That is steady anywhere; 0: all rows at once. It returns `out`.
    """
    if block == 0:
        return _product(x, across, bias, out)
    rows = x.shape[0]
    full = rows - rows % block
    for row in range(0, full, block):
        _product(x[row : row + block], across, bias, out[row : row + block])
    if full < rows:
        last = torch.zeros(block, x.shape[1], dtype=x.dtype, device=x.device)
        last[: rows - full] = x[full:]
        room = torch.empty(block, out.shape[1], dtype=x.dtype, device=x.device)
        out[full:] = _product(last, across, bias, room)[: rows - full]
    return out


def _product(x: Tensor, across: Tensor, bias: Tensor | None, out: Tensor) -> Tensor:
    """With `out` always: without it torch's compiler would make two steps of it, and other bits."""
    if bias is None:
        return torch.mm(x, across, out=out)
    return torch.addmm(bias, x, across, out=out)


class Floats:
    """A product in the type of its weight (outputs, inputs); steady from as many rows on as it says."""

    block = 0
    rows = ROWS

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        # a product with a transposed view is a third slower
        self.parts: Parts = [weight.t().contiguous(), bias]

    def steady_from(self) -> int | None:
        """From how many rows on this machine gives a row the same bits whatever is beside it, if ever."""
        across, bias = self.parts
        return steady_from(lambda x: torch.addmm(bias, x.to(bias), across), across.shape[0])

    def __call__(self, x: Tensor, out: Tensor) -> Tensor:
        return multiply(x, out, self.parts, self.block)


class Blocks(Floats):
    """A product in blocks, for a machine that is not steady."""

    block = BLOCK


def rows_at_once(fitting: int) -> int:
    """Most rows of one product on this processor; `fitting` of them fit in a cache that is large enough."""
    own = torch.cpu.get_capabilities().get("l2_cache_size", 0)
    return fitting if own >= OWN_CACHE else MANY


def spans(rows: int, most: int) -> Iterator[tuple[int, int]]:
    """Rows cut evenly into spans of at most `most`, so that none is a lonely row among many."""
    parts = -(-rows // most)
    for part in range(parts):
        yield part * rows // parts, (part + 1) * rows // parts


def steady_from(multiply: Callable[[Tensor], Tensor], inputs: int) -> int | None:
    """The least of `FLOORS` from which on a row gets the same bits however many rows are beside it."""
    source = torch.Generator().manual_seed(7)
    x = torch.randn(MANY, inputs, generator=source)
    whole = multiply(x)
    same = {count: torch.equal(multiply(x[-count:]), whole[-count:]) for count in _COUNTS}
    steady = (floor for floor in FLOORS if all(same[count] for count in _COUNTS if count >= floor))
    return next(steady, None)
