"""Each precision gives a text the same bits whoever stands beside it, and stays near to the exact one."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from small_bert import SHAPE, tensors, texts
from torch import Tensor

from cxstream.understand.fused.weights import Plain
from cxstream.understand.layers import attend, attends_steadily, embedded, pooled, through
from cxstream.understand.minilm import MiniLm
from cxstream.understand.packed import PackedBert, Precision
from cxstream.understand.precision import NEAR, Trial, best, try_each
from cxstream.understand.products import (
    BLOCK,
    MANY,
    ROWS,
    Blocks,
    Floats,
    rows_at_once,
    spans,
    steady_from,
)
from cxstream.understand.whole import Paired, Whole, fitting, sums_are_exact


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("size", [2, 7, 51])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("steps", ["torch's", "fused"])
@pytest.mark.usefixtures("fused", "one_thread")
def test_neighbours_change_no_bit(
    precision: Precision, size: int, threads: int, steps: str
) -> None:
    torch.set_num_threads(threads)
    bert, said = PackedBert(SHAPE, tensors(), precision, fused=steps == "fused"), texts()
    assert threads > 1 or bert.fused == (steps == "fused")
    alone = torch.cat([bert([text]) for text in said])
    order = list(range(len(said)))
    random.Random(size).shuffle(order)
    for start in range(0, len(order), size):
        part = order[start : start + size]
        assert torch.equal(bert([said[place] for place in part]), alone[part])


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_fewer_bits_stay_near(precision: Precision) -> None:
    said = texts()
    exact, near = (PackedBert(SHAPE, tensors(), p)(said) for p in ("fp32", precision))
    assert not torch.equal(exact, near)
    assert torch.nn.functional.cosine_similarity(exact, near).min() > 0.99


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_compiled_layers_give_the_bits_of_those_that_are_not(
    precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    bert, said = PackedBert(SHAPE, tensors(), precision, fused=False), texts()
    rows = bert(said)
    for part, plain in (("_through", through), ("_embedded", embedded), ("_pooled", pooled)):
        assert getattr(bert, part) is not plain
        monkeypatch.setattr(bert, part, plain)
    assert torch.equal(bert(said), rows)


@pytest.mark.parametrize("length", [1, 2, 3, 11, 16, 17, 40, 128])
def test_attention_in_steps_is_attention(length: int) -> None:
    qkv = torch.randn(3 * length, 3 * 64, generator=torch.Generator().manual_seed(length))
    steps, own = torch.empty(3 * length, 64), torch.empty(3 * length, 64)
    attend(qkv, steps, 3, length, 4, True)
    attend(qkv, own, 3, length, 4, False)
    torch.testing.assert_close(steps, own, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("length", [4, 61, 62, 512])
def test_attention_in_steps_keeps_to_numbers_whatever_it_is_given(length: int) -> None:
    """Tokens a thousand times as near as any encoder has them, all pulling one way."""
    qkv = torch.full((length, 3 * 64), 100.0)
    qkv[: length // 2, :64] = -100.0
    mixed = torch.empty(length, 64)
    attend(qkv, mixed, 1, length, 4, True)
    torch.testing.assert_close(mixed, torch.full((length, 64), 100.0), atol=1e-3, rtol=0)


def test_where_attention_in_steps_is_not_steady_it_is_torchs_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual, said = PackedBert(SHAPE, tensors(), fused=False), texts()
    assert attends_steadily(64, 4)
    bmm = torch.bmm
    monkeypatch.setattr(torch, "bmm", lambda a, b: bmm(a, b) * (1 + 1e-6 * len(a)))
    assert not attends_steadily(64, 4)
    bert = PackedBert(SHAPE, tensors(), fused=False)
    monkeypatch.undo()
    rows = bert(said)
    torch.testing.assert_close(rows, usual(said), atol=1e-5, rtol=0)
    assert not torch.equal(rows, usual(said))


def test_nothing_gives_nothing() -> None:
    assert PackedBert(SHAPE, tensors())([]).shape == (0, 128)


@pytest.mark.parametrize("make", [Blocks, Whole, Paired])
def test_these_products_are_steady_anywhere(make: type[Blocks | Whole | Paired]) -> None:
    source = torch.Generator().manual_seed(5)
    weight, bias = torch.randn(48, 64, generator=source), torch.randn(48, generator=source)
    product = make(weight, bias)
    x = torch.randn(3 * BLOCK + 5, 64, generator=source)
    whole = product(x, torch.empty(len(x), 48))
    for rows in (1, 2, BLOCK - 1, BLOCK, BLOCK + 1):
        assert torch.equal(product(x[:rows], torch.empty(rows, 48)), whole[:rows])
    near = 1e-5 if make is Blocks else 0.02
    torch.testing.assert_close(whole, x @ weight.t() + bias, atol=near * 64, rtol=0)


@pytest.mark.parametrize("make", [Whole, Paired])
def test_whole_numbers_cut_nothing_off(make: type[Whole | Paired]) -> None:
    """One enormous number in a token costs the others of that token their precision, nobody else."""
    product = make(torch.eye(8), torch.zeros(8))
    x = torch.ones(3, 8)
    x[1, 4] = 1e6
    out = product(x, torch.empty(3, 8))
    assert out[1, 4] == pytest.approx(1e6, rel=1e-5)
    assert out[0] == pytest.approx(torch.ones(8), rel=1e-5)
    assert product(torch.zeros(1, 8), torch.empty(1, 8)).abs().max() == 0


@pytest.mark.parametrize("apart", [1.0, 1e-3, 1e-5, 1e-7, 0.0])
@pytest.mark.parametrize("make", [Whole, Paired])
def test_numbers_that_are_all_but_equal_stay_what_they_are(
    make: type[Whole | Paired], apart: float
) -> None:
    """Rounding may not carry one of them over the last level, to the other end."""
    source = torch.Generator().manual_seed(4)
    x = 100 + apart * torch.randn(64, 128, generator=source)
    out = make(torch.eye(128), torch.zeros(128))(x.clone(), torch.empty(64, 128))
    torch.testing.assert_close(out, x, atol=apart / 40 + 3e-5, rtol=0)


def test_sums_of_two_products_fit_in_16_bits_whatever_the_weight() -> None:
    """Where the sums of two went further they would be cut off, silently, on processors without VNNI."""
    source = torch.Generator().manual_seed(8)
    for weight in (
        torch.randn(24, 64, generator=source),
        torch.ones(24, 64),
        -torch.ones(24, 64),
        torch.rand(24, 64, generator=source).round(),
    ):
        assert sums_are_exact(weight)
        whole = Paired(weight, torch.zeros(24))
        x = torch.zeros(2, 64)
        x[0, weight[0] > 0] = 1.0
        x[1, weight[0] < 0] = 1.0
        near = float(weight.abs().max()) / 127 * 64
        out = whole(x, torch.empty(2, 24))
        torch.testing.assert_close(out, x @ weight.t(), atol=near, rtol=0)


def test_what_a_processor_cannot_sum_exactly_it_is_not_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = [torch.randn(24, 64, generator=torch.Generator().manual_seed(8))]
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_vnni": True})
    assert fitting(weights) is Whole
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert fitting(weights) is Paired
    monkeypatch.setattr("cxstream.understand.whole.sums_are_exact", lambda _: False)
    assert fitting(weights) is Whole


def test_sums_that_are_cut_off_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a processor that sums two products in 16 bits, as it stands in its manual."""

    def cut_off(tokens: Tensor, numbers: Tensor, scale: Tensor, middles: Tensor) -> Tensor:
        products = tokens[:, None, :].int() * numbers.int()
        pairs = products.view(*products.shape[:2], -1, 2).sum(3).clamp(-(2**15), 2**15 - 1)
        return pairs.sum(2).float() * scale + middles

    ones, mixed = torch.ones(24, 64), torch.randn(24, 64)
    monkeypatch.setattr("cxstream.understand.whole._packed", lambda numbers: numbers)
    monkeypatch.setattr("cxstream.understand.whole._times", cut_off)
    assert all(sums_are_exact(weight) for weight in (ones, -ones, mixed))
    monkeypatch.setattr(
        "cxstream.understand.whole.in_pairs", lambda weight: ((weight * 127).round(), ones[:, 0])
    )
    assert not sums_are_exact(ones)
    assert not sums_are_exact(-ones)


@pytest.mark.parametrize("floor", [2, 4, 8])
def test_products_are_steady_from_the_rows_on_from_which_their_bits_are_the_same(
    floor: int,
) -> None:
    weight = torch.randn(64, 48, generator=torch.Generator().manual_seed(2))

    def other_below(x: Tensor) -> Tensor:
        return (x[:, :, None] * weight).sum(1) * (1 + 1e-6 * (len(x) < floor))

    assert steady_from(other_below, 64) == floor


def test_a_product_that_looks_at_its_rows_is_never_steady() -> None:
    weight = torch.randn(64, 48, generator=torch.Generator().manual_seed(2))
    assert steady_from(lambda x: (x @ weight) * (1 + 1e-6 * (len(x) == 17)), 64) is None


@pytest.mark.parametrize("floor", [2, 4, 8])
@pytest.mark.usefixtures("fused", "one_thread")
def test_a_text_of_few_tokens_gets_company_where_few_rows_are_not_steady(
    floor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Plain, "steady_from", lambda _: floor)
    bert = PackedBert(SHAPE, tensors())
    rows: list[int] = []
    through = bert._through

    def seen(x: Tensor, *others: Any) -> None:
        rows.append(len(x))
        through(x, *others)

    monkeypatch.setattr(bert, "_through", seen)
    assert bert([[1, 2]]).shape == (1, 128)
    assert rows == [floor]
    rows.clear()
    bert([[1, 2, 3, 4, 5, 6, 7, 8]])
    assert rows == [8]


def test_a_machine_whose_products_are_not_steady_works_in_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = texts()
    usual = PackedBert(SHAPE, tensors(), fused=False)(said)
    monkeypatch.setattr(Floats, "steady_from", lambda _: None)
    bert = PackedBert(SHAPE, tensors(), fused=False)
    assert bert._block == BLOCK
    blocked = bert(said)
    torch.testing.assert_close(blocked, usual, atol=1e-5, rtol=0)
    assert torch.equal(bert(said[:1]), blocked[:1])


def test_rows_are_cut_to_a_cache_that_holds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"l2_cache_size": 2 << 20})
    assert rows_at_once(192) == 192
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"l2_cache_size": 1 << 19})
    assert rows_at_once(192) == MANY
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert rows_at_once(192) == MANY


def test_spans_are_even_and_leave_no_lonely_row() -> None:
    for rows in (1, 2, ROWS, ROWS + 1, 3 * ROWS + 1):
        cut = list(spans(rows, ROWS))
        assert [start for start, _ in cut] == [0, *(stop for _, stop in cut[:-1])]
        assert cut[-1][1] == rows
        sizes = [stop - start for start, stop in cut]
        assert max(sizes) <= ROWS
        assert max(sizes) - min(sizes) <= 1


def test_the_fastest_that_is_near_and_steady_is_chosen() -> None:
    exact = Trial("fp32", 1000.0, 1.0, True)
    whole = Trial("int8", 2000.0, 0.995, True)
    assert best([exact, whole]) is whole
    assert best([exact, whole._replace(tokens_per_s=1100.0)]) is exact
    assert best([exact, whole._replace(nearness=NEAR - 0.01)]) is exact
    assert best([exact, whole._replace(steady=False)]) is exact
    faster = Trial("bf16", 9000.0, 0.999, True)
    assert best([exact, whole, faster]) is faster


def test_trials_measure_each_precision() -> None:
    tried = try_each(lambda p: PackedBert(SHAPE, tensors(), p), texts(), ("fp32", "int8"))
    exact, whole = (trial for trial, _ in tried)
    assert [bert.precision for _, bert in tried] == ["fp32", "int8"]
    assert exact.nearness == pytest.approx(1.0, abs=1e-5)
    assert 0.9 < whole.nearness < 1.0
    assert exact.steady
    assert whole.steady
    assert min(exact.tokens_per_s, whole.tokens_per_s) > 0


def test_on_one_thread_the_neighbours_of_a_busy_machine_do_not_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    late = iter(range(1, 1000))
    monkeypatch.setattr("time.perf_counter", lambda: 1e6 * next(late))  # as neighbours have it
    tried = try_each(lambda p: PackedBert(SHAPE, tensors(), p), texts(), ("fp32",))
    assert tried[0][0].tokens_per_s > 1.0


def test_the_shipped_encoder_chooses_for_itself() -> None:
    layers = Path(__file__).parents[3] / "models" / "encoder" / "layers.safetensors"
    encoder = MiniLm(tuned=layers, precision="auto")
    assert encoder.precision == best(encoder.trials).precision
    assert [trial.precision for trial in encoder.trials][:2] == ["fp32", "int8"]
    assert all(trial.nearness > NEAR and trial.steady for trial in encoder.trials)
