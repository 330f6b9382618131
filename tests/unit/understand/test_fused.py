"""The fused steps say what torch's own steps say, to rounding, and give a text bits of its own."""

from __future__ import annotations

import random
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from small_bert import SHAPE, tensors, texts
from torch import Tensor
from torch.jit import ScriptFunction
from torch.nn import functional

from cxstream.errors import ModelError
from cxstream.understand import packed
from cxstream.understand.fused import build
from cxstream.understand.fused.passes import in_floats, in_whole_numbers
from cxstream.understand.fused.weights import (
    COLUMNS,
    GROUP,
    Panels,
    Sums,
    fit,
    fitting,
    groups_of,
    in_fours,
)
from cxstream.understand.layers import scripted
from cxstream.understand.packed import PackedBert, Precision, Shape
from cxstream.understand.products import BLOCK
from cxstream.understand.whole import Paired, Whole

pytestmark = pytest.mark.usefixtures("fused", "one_thread")
SMALL = torch.Generator().manual_seed(6)


def drawn(*size: int, spread: float = 1.0) -> Tensor:
    return torch.randn(*size, generator=SMALL) * spread


def whole(rows: int, width: int, kind: torch.dtype, groups: int = 1) -> tuple[Tensor, Tensor]:
    """Room for rows of whole numbers, and for unit and base of each group of them."""
    return torch.empty(rows, width, dtype=kind), torch.empty(rows, 2 * groups)


def test_it_is_what_a_worker_calculates_with() -> None:
    assert PackedBert(SHAPE, tensors(), "fp32").fused
    assert PackedBert(SHAPE, tensors(), "int8").fused
    assert not PackedBert(SHAPE, tensors(), "bf16").fused
    assert not PackedBert(SHAPE, tensors(), "int8", fused=False).fused


def test_single_precision_is_the_same_but_for_the_order_of_sums() -> None:
    said = texts()
    ours, torchs = (PackedBert(SHAPE, tensors(), fused=fused)(said) for fused in (True, False))
    torch.testing.assert_close(ours, torchs, atol=1e-5, rtol=0)
    assert not torch.equal(ours, torchs), "the fused steps were not asked"


@pytest.mark.parametrize(("make", "usual"), [(Panels, Paired), (Sums, Whole)])
def test_whole_numbers_are_as_near_as_torchs(
    make: type[Panels | Sums], usual: type[Paired | Whole], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Panels for processors without VNNI, torch's sums for those that have it; both run on any."""
    said = texts()
    exact = PackedBert(SHAPE, tensors(), fused=False)(said)
    monkeypatch.setattr(packed, "fused_fitting", lambda: make)
    monkeypatch.setattr(packed, "fitting", lambda _: usual)
    ours, torchs = (PackedBert(SHAPE, tensors(), "int8", fused=f)(said) for f in (True, False))
    near, torchs_near = (
        float(functional.cosine_similarity(exact, rows).mean()) for rows in (ours, torchs)
    )
    assert near > 0.99
    assert near == pytest.approx(torchs_near, abs=1e-3)
    assert functional.cosine_similarity(ours, torchs).min() > 0.99
    order = random.Random(4).sample(range(len(said)), len(said))
    bert = PackedBert(SHAPE, tensors(), "int8")
    assert torch.equal(bert([said[place] for place in order]), ours[order])


@pytest.mark.parametrize("length", [1, 2, 3, 5, 8, 9, 16, 17, 40, 128])
@pytest.mark.parametrize("heads", [2, 4])
def test_attention_is_attention(length: int, heads: int) -> None:
    texts, hidden = 3, 64
    qkv = drawn(texts * length, 3 * hidden)
    mixed = torch.empty(texts * length, hidden)
    runs = torch.tensor([[0, 1, length], [length, 2, length]])
    torch.ops.cxstream.attend(qkv, None, None, runs, heads, mixed, None, None)
    split = qkv.view(texts, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
    seen = functional.scaled_dot_product_attention(split[0], split[1], split[2])
    torch.testing.assert_close(
        mixed.view(texts, length, hidden), seen.transpose(1, 2).reshape(texts, length, hidden)
    )


@pytest.mark.parametrize("length", [4, 61, 62, 512])
def test_attention_keeps_to_numbers_whatever_it_is_given(length: int) -> None:
    """Tokens a thousand times as near as any encoder has them, all pulling one way."""
    qkv = torch.full((length, 3 * 64), 100.0)
    qkv[: length // 2, :64] = -100.0
    mixed, runs = torch.empty(length, 64), torch.tensor([[0, 1, length]])
    torch.ops.cxstream.attend(qkv, None, None, runs, 4, mixed, None, None)
    torch.testing.assert_close(mixed, torch.full((length, 64), 100.0), atol=1e-3, rtol=0)


def test_torch_compiles_the_passes() -> None:
    """Else each step would wait for the interpreter, and nothing would say so."""
    assert isinstance(scripted(in_floats), ScriptFunction)
    assert isinstance(scripted(in_whole_numbers), ScriptFunction)


def test_gelu_is_gelu() -> None:
    x = torch.cat((torch.linspace(-9, 9, 8000), torch.linspace(-1e4, 1e4, 192))).view(-1, 64)
    bias, out = drawn(1, 64), x.clone()
    torch.ops.cxstream.gelu(out, None, bias, None, None)
    exact = functional.gelu((x + bias).double()).float()
    torch.testing.assert_close(out, exact, atol=1e-6, rtol=1e-6)


def test_a_norm_is_of_the_sum() -> None:
    product, x, bias = drawn(7, 64), drawn(7, 64, spread=50.0) + 100, drawn(1, 64)
    weight, shift = drawn(64), drawn(64)
    out = x.clone()
    torch.ops.cxstream.add_norm(product, None, bias, out, weight, shift, 1e-12, None, None)
    summed = (x.double() + product + bias).float()
    exact = functional.layer_norm(summed, [64], weight, shift, 1e-12)
    torch.testing.assert_close(out, exact, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", [torch.uint8, torch.int8])
@pytest.mark.parametrize("apart", [1.0, 1e-3, 1e-5, 1e-7, 0.0])
def test_numbers_that_are_all_but_equal_stay_what_they_are(kind: torch.dtype, apart: float) -> None:
    """Rounding may not carry one of them over the last level, to the other end."""
    x = 100 + apart * drawn(64, 128)
    numbers, about = whole(64, 128, kind)
    torch.ops.cxstream.quantise(x, numbers, about)
    torch.testing.assert_close(
        numbers * about[:, :1] + about[:, 1:], x, atol=apart / 40 + 3e-5, rtol=0
    )


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8, 13, 97])
@pytest.mark.parametrize(
    ("outputs", "inputs"), [(COLUMNS, 64), (3 * COLUMNS, 2 * GROUP), (2 * COLUMNS, 3 * GROUP)]
)
def test_our_product_is_exact_on_the_largest_sums_that_its_weights_allow(
    rows: int, outputs: int, inputs: int
) -> None:
    """Of four products 16 bits hold what `Panels` lets come together; a third of the tokens are all 255."""
    weight = torch.cat((torch.ones(1, inputs), -torch.ones(1, inputs), drawn(outputs - 2, inputs)))
    panels, columns = Panels(weight, torch.zeros(outputs)).parts
    numbers = torch.randint(0, 256, (rows, inputs), dtype=torch.uint8, generator=SMALL)
    numbers[::3] = 255
    about = torch.tensor([1.0, 0.0]).repeat(rows, groups_of(inputs))
    out = torch.empty(rows, outputs)
    columns[0] = 1.0
    torch.ops.cxstream.multiply(numbers, about, panels, columns, out)
    packed_back = panels.transpose(1, 2).reshape(outputs, inputs).double()
    assert torch.equal(out, (numbers.double() @ packed_back.t()).float())


def test_each_group_brings_a_unit_and_a_base() -> None:
    """One enormous number in a token costs the others of its group their precision, nobody else."""
    weight, bias = drawn(2 * COLUMNS, 3 * GROUP), drawn(2 * COLUMNS)
    x = drawn(5, 3 * GROUP)
    x[:, 5] = 1e4
    x[:, GROUP:] += 30.0
    panels, columns = Panels(weight, bias).parts
    (numbers, about), out = whole(5, 3 * GROUP, torch.uint8, 3), torch.empty(5, 2 * COLUMNS)
    torch.ops.cxstream.quantise(x, numbers, about)
    assert about[:, 0].min() > 1e4 / 256
    assert about[:, 2].max() < 0.05
    torch.ops.cxstream.multiply(numbers, about, panels, columns, out)
    said = numbers.view(5, 3, GROUP) * about.view(5, 3, 2)[..., :1] + about.view(5, 3, 2)[..., 1:]
    fours, scale = in_fours(weight)
    exact = said.reshape(5, -1).double() @ (fours * scale[:, None]).double().t() + bias
    torch.testing.assert_close(out, exact.float(), atol=0.05, rtol=1e-5)


def test_four_products_fit_in_16_bits_whatever_the_weight() -> None:
    """Where four went further they would be cut off, silently."""
    for weight in (drawn(24, 64), torch.ones(24, 64), -torch.ones(24, 64), drawn(24, 64).round()):
        numbers, scale = in_fours(weight)
        torch.testing.assert_close(
            numbers * scale[:, None], weight, atol=float(scale.max()) / 2 + 1e-6, rtol=0
        )
        eights = numbers.view(24, -1, 2, 4)  # two fours of inputs meet, two and two of each
        for pair in (eights[..., :2], eights[..., 2:]):
            for sign in (1, -1):
                assert (sign * pair).clamp_min(0).sum((2, 3)).max() <= 128


def test_what_does_not_fit_goes_step_by_step() -> None:
    assert fit(384, 12, 1536)
    assert not fit(384, 36, 1536)
    odd = Shape(layers=2, heads=16, hidden=64, epsilon=1e-12)  # four numbers a head
    assert not PackedBert(odd, tensors()).fused


def test_a_processor_with_vnni_has_torchs_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_vnni": True})
    assert fitting() is Sums
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert fitting() is Panels


def test_a_machine_whose_products_are_not_steady_works_in_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = texts()
    usual = PackedBert(SHAPE, tensors())(said)
    monkeypatch.setattr("cxstream.understand.fused.weights.steady_from", lambda *_: None)
    bert = PackedBert(SHAPE, tensors())
    blocked = bert(said)
    assert bert.fused
    assert bert._block == BLOCK
    torch.testing.assert_close(blocked, usual, atol=1e-5, rtol=0)
    assert torch.equal(bert(said[:1]), blocked[:1])


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_threads_share_the_work_and_change_no_bit(precision: Precision) -> None:
    bert, said = PackedBert(SHAPE, tensors(), precision), texts()
    rows = bert(said)
    for threads in (2, 4):
        torch.set_num_threads(threads)
        assert torch.equal(bert(said), rows)


@pytest.fixture
def unloaded() -> object:
    """As a process that has not looked yet."""
    build.loaded.cache_clear()
    yield
    build.loaded.cache_clear()


def test_where_it_is_not_compiled_torchs_steps_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unloaded: object
) -> None:
    monkeypatch.setattr(build, "library", lambda: tmp_path / "fused.so")
    assert not PackedBert(SHAPE, tensors(), "int8").fused


def test_what_cannot_be_loaded_is_said_and_left(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    unloaded: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "fused.so").write_bytes(b"not a library")
    monkeypatch.setattr(build, "library", lambda: tmp_path / "fused.so")
    assert not PackedBert(SHAPE, tensors(), "int8").fused
    assert "cannot be loaded" in caplog.text


def test_a_processor_without_its_instructions_is_not_given_it(
    monkeypatch: pytest.MonkeyPatch, unloaded: object
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert not build.loaded()


def test_it_is_compiled_once_and_its_forerunner_goes(tmp_path: Path) -> None:
    old = tmp_path / build.library().name.replace(".so", "0.so")
    old.touch()
    made = build.compile_library(tmp_path)
    assert made == build.library(tmp_path)
    assert list(tmp_path.iterdir()) == [made]
    before = made.stat().st_mtime_ns
    assert build.compile_library(tmp_path).stat().st_mtime_ns == before


def test_one_that_cannot_be_loaded_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, tries = tmp_path / "fused.so", iter([False, True, True])

    def compiled() -> Path:
        at.touch(exist_ok=False)
        return at

    loaded = Mock(side_effect=tries)
    monkeypatch.setattr(build, "compile_library", compiled)
    monkeypatch.setattr(build, "loaded", loaded)
    assert build.prepare() == at
    assert loaded.cache_clear.call_count == 1
    at.unlink()
    loaded.side_effect = [False, False]
    with pytest.raises(ModelError, match="cannot be loaded"):
        build.prepare()


def test_other_sources_are_another_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = build.library().name
    for source in build.HERE.glob("*.[ch]*"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    monkeypatch.setattr(build, "HERE", tmp_path)
    assert build.library().name == usual
    (tmp_path / "rows.h").write_text("// something else", "utf-8")
    assert build.library().name != usual


def test_a_compiler_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text("#!/bin/sh\necho out of ideas >&2; exit 1\n", "utf-8")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    with pytest.raises(ModelError, match="out of ideas"):
        build.compile_library(tmp_path)
    assert list(tmp_path.iterdir()) == [compiler]


def test_without_a_compiler_the_mend_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelError, match=r"apt-get install g\+\+"):
        build.compile_library(tmp_path)
