"""The layers of a BERT over packed rows, written so that torch can run them without the Python interpreter.

Step by step, a pass is a thousand calls out of Python, and after each it waits for the interpreter: beside an
event loop that is busy folding and deciding, six times as long as alone (docs/benchmarks.md). Compiled by
torch it is one call that needs no interpreter until it ends. The operations are the same, and so are the bits.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Final, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from cxstream.understand.products import multiply

F = TypeVar("F", bound=Callable[..., Tensor | None])
Layers = Callable[
    [
        Tensor,
        list[list[list[Tensor]]],
        list[tuple[int, int, int]],
        list[tuple[int, int]],
        int,
        bool,
        int,
        float,
    ],
    None,
]


def through(
    x: Tensor,
    weights: list[list[list[Tensor]]],
    runs: list[tuple[int, int, int]],
    blocks: list[tuple[int, int]],
    heads: int,
    steps: bool,
    block: int,
    epsilon: float,
) -> None:
    """Take the rows x (tokens, hidden) of many texts through all layers, in place.

    `runs`: from which row, how many texts, of so many tokens each; attention is over these, in `steps` or
    by torch's own (see `attend`). `blocks`: rows from
    and to; what is done token by token is done over so many at once, which stay in the cache meanwhile.
    `weights` of each layer: query, key and value as one product, the mix of the heads, its norm, the wide
    product, the narrow one, their norm; products as `products.Parts`, norms as weight and bias.
    """
    hidden = x.shape[1]
    mixed = torch.empty_like(x)
    qkv = torch.empty(x.shape[0], 3 * hidden, dtype=x.dtype, device=x.device)
    wide = torch.empty(blocks[0][1] + 1, weights[0][3][-1].shape[0], dtype=x.dtype, device=x.device)
    for start, stop in blocks:
        multiply(x[start:stop], qkv[start:stop], weights[0][0], block)
    for number in range(len(weights)):
        layer = weights[number]
        for start, texts, length in runs:
            stop = start + texts * length
            attend(qkv[start:stop], mixed[start:stop], texts, length, heads, steps)
        for start, stop in blocks:
            rows, given, room = x[start:stop], mixed[start:stop], wide[: stop - start]
            once = multiply(given, torch.empty_like(rows), layer[1], block, True).add_(rows)
            once = functional.layer_norm(once, [hidden], layer[2][0], layer[2][1], epsilon)
            multiply(once, room, layer[3], block)
            torch._C._nn.gelu(room, out=room)  # type: ignore[call-arg]
            twice = multiply(room, given, layer[4], block, True).add_(once)
            rows.copy_(functional.layer_norm(twice, [hidden], layer[5][0], layer[5][1], epsilon))
            if number + 1 < len(weights):
                multiply(rows, qkv[start:stop], weights[number + 1][0], block)


def attend(qkv: Tensor, mixed: Tensor, texts: int, length: int, heads: int, steps: bool) -> None:
    """Attention over texts of one length: qkv (rows, 3 * hidden) into mixed (rows, hidden).

    In `steps`, for single precision: torch's own softmax is slow over rows of a dozen numbers, and so is its
    attention. Here e is raised to all of them at once, and the sums divide what comes of it. Bounds that no
    trained encoder meets stand for taking each row's largest away first: e to 64 times what 512 tokens add
    up to is a number yet.
    """
    split = qkv.view(texts, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
    wide = split.shape[4]
    if steps:
        each = split.reshape(3, texts * heads, length, wide)
        near = torch.bmm(each[0], each[1].transpose(1, 2)).mul_(wide**-0.5)
        # as numbers: with a name for the bound the compiled pass takes a fifth longer
        near = near.clamp_(-64.0, 64.0).exp_()
        seen = torch.bmm(near, each[2]).div_(near.sum(2, keepdim=True))
        seen = seen.view(texts, heads, length, wide)
    else:
        seen = functional.scaled_dot_product_attention(split[0], split[1], split[2])
    mixed.view(texts, length, heads, wide).copy_(seen.transpose(1, 2))


def attends_steadily(hidden: int, heads: int) -> bool:
    """Whether attention in steps gives a text the same bits here, however many texts are beside it."""
    source = torch.Generator().manual_seed(7)
    for length in (2, 7, 12, 16, 33):
        qkv = torch.randn(_BESIDE * length, 3 * hidden, generator=source)
        together = torch.empty(len(qkv), hidden)
        attend(qkv, together, _BESIDE, length, heads, True)
        for texts in (1, 2, 5):
            alone = torch.empty(texts * length, hidden)
            attend(qkv[-texts * length :], alone, texts, length, heads, True)
            if not torch.equal(alone, together[-texts * length :]):
                return False
    return True


_BESIDE: Final = 9


def embedded(
    ids: Tensor,
    runs: list[tuple[int, int, int]],
    words: Tensor,
    positions: Tensor,
    weight: Tensor,
    shift: Tensor,
    epsilon: float,
) -> Tensor:
    """The rows of texts before the first layer, of their token ids, text after text: words and places."""
    places = [torch.arange(length).repeat(texts) for _, texts, length in runs]
    at = torch.cat(places).to(ids.device)
    summed = words[ids].add_(positions[at])
    return functional.layer_norm(summed, [words.shape[1]], weight, shift, epsilon)


def pooled(x: Tensor, runs: list[tuple[int, int, int]]) -> Tensor:
    """Of the rows of each text the mean, and beside it the first: (texts, 2 * hidden), single precision."""
    found: list[Tensor] = []
    for start, texts, length in runs:
        rows = x[start : start + texts * length].view(texts, length, x.shape[1])
        found.append(torch.cat((rows.mean(1), rows[:, 0]), 1))
    return torch.cat(found).float().cpu()


@cache
def compiled() -> Layers:
    """`through`, compiled by torch."""
    return scripted(through)


@cache
def ends() -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """`embedded` and `pooled`, compiled by torch."""
    return scripted(embedded), scripted(pooled)


def scripted(function: F) -> F:
    """A function compiled by torch, in under a second; as it stands where this torch cannot."""
    with warnings.catch_warnings():
        # torch would rather have a C++ compiler on every machine (torch.compile)
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            made: F = torch.jit.script(function)
        except (AttributeError, OSError, RuntimeError):
            return function
    return made
