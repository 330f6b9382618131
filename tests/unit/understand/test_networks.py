"""The small networks compiled say what numpy's say, of each text and memory by itself."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_stream import ACTIONS, LEARNT, weights

from cxstream.context.entry import Entry
from cxstream.context.foresight import Said
from cxstream.understand.fused import build, calls
from cxstream.understand.fused.network import network_of
from cxstream.understand.memory import CHANNELS, Memory
from cxstream.understand.network import GIVEN, Network, PlainNetwork
from cxstream.understand.phrases import TOLD
from cxstream.understand.stream import About, Stream
from cxstream.understand.trajectory import measures

pytestmark = pytest.mark.usefixtures("fused")
GIST = LEARNT + GIVEN + TOLD
MARK = bytes((7, 0, 0, 200, 1, 2, 3, 4))
MEASURED = len(measures({}))
PATIENT = settings(deadline=None)


def both(units: int) -> tuple[Network, PlainNetwork]:
    ours = weights(units)
    made = network_of(ours, MARK)
    assert made is not None
    return made, PlainNetwork(ours, MARK)


def said(gist: bytes, gap_ms: int = 0, *, repeated: bool = False, **scores: int) -> Said:
    return Said(Entry(1, "f", "utterance", gist=gist, **scores), gap_ms, repeated)  # type: ignore[arg-type]


_THOUSANDTHS = st.integers(0, 1000)
_SAID = st.builds(
    said,
    st.one_of(st.just(b""), st.just(bytes(GIST - 1)), st.binary(min_size=GIST, max_size=GIST)),
    st.integers(-5, 10**12),
    repeated=st.booleans(),
    valence=st.integers(-1000, 1000),
    anger=_THOUSANDTHS,
    dissatisfaction=_THOUSANDTHS,
    distress=_THOUSANDTHS,
    confusion=_THOUSANDTHS,
    abuse=_THOUSANDTHS,
)


@PATIENT
@given(st.sampled_from([1, 7, 8, 13]), st.lists(st.tuples(_SAID, st.booleans()), max_size=12))
def test_an_utterance_is_remembered_as_by_numpy(units: int, told: list[tuple[Said, bool]]) -> None:
    ours, numpys = both(units)
    memory = b""
    for one, acts in told:
        before, memory = memory, numpys.follow(memory, one, acts=acts)
        found, wanted = (
            Memory.load(data, MARK, units) for data in (ours.follow(before, one, acts=acts), memory)
        )
        assert (found.customer, found.agent) == (wanted.customer, wanted.agent)
        np.testing.assert_allclose(found.units, wanted.units, atol=5e-4)
        np.testing.assert_allclose(found.kept, wanted.kept, atol=1e-5)
        np.testing.assert_allclose(found.told, wanted.told, atol=1e-6)
        assert ours.follow(before, one, acts=acts) == ours.follow(before, one, acts=acts)


@PATIENT
@given(_SAID, _SAID, st.lists(st.floats(0, 1), min_size=MEASURED, max_size=MEASURED))
def test_risk_and_next_actions_are_numpys(first: Said, then: Said, measured: list[float]) -> None:
    ours, numpys = both(8)
    memory = numpys.follow(b"", first, acts=False)
    for known in (b"", memory, numpys.follow(memory, then, acts=True)):
        odds = ours.odds(known, tuple(measured))
        np.testing.assert_allclose(odds, numpys.odds(known, tuple(measured)), atol=1e-4)
        found, wanted = ours.likeliest(known, 5), numpys.likeliest(known, 5)
        np.testing.assert_allclose([p for _, p in found], [p for _, p in wanted], atol=1e-5)
        chances = numpys.chances(known)
        np.testing.assert_allclose([chances[n] for n, _ in found], [p for _, p in found], atol=1e-5)
        assert len({n for n, _ in found}) == 5
    assert len(ours.likeliest(memory, 50)) == ACTIONS


def test_of_actions_that_are_as_likely_the_first_are_told() -> None:
    even = replace(
        weights(8), actions=((np.zeros((ACTIONS, 8), np.float32), np.zeros(ACTIONS, np.float32)),)
    )
    for network in (network_of(even, MARK), PlainNetwork(even, MARK)):
        assert network is not None
        assert [n for n, _ in network.likeliest(b"", 4)] == [0, 1, 2, 3]


def test_a_memory_of_other_weights_or_none_at_all_is_begun_anew() -> None:
    ours, _ = both(8)
    one = said(bytes(range(GIST)), 900)
    begun = ours.follow(b"", one, acts=False)
    other = network_of(weights(8, seed=2), bytes(8))
    assert other is not None
    assert other.follow(begun, one, acts=False) == other.follow(b"", one, acts=False)
    assert ours.follow(begun[:-1], one, acts=False) == begun
    assert ours.odds(b"damaged", (0.5,) * MEASURED) == ours.odds(b"", (0.5,) * MEASURED)
    assert ours.likeliest(begun + b"x", 3) == ours.likeliest(b"", 3)
    assert begun[:8] == MARK
    assert Memory.load(begun, MARK, 8).dump(MARK) == begun


def test_half_precision_is_that_of_the_standard_for_every_number() -> None:
    """Units that are kept come back as they were; fresh ones are the nearest that there are."""
    units = 2048
    silent = replace(
        weights(units, spread=0),
        step_offset=np.repeat(np.array((0, 80, 0), np.float32), units),  # all is kept
    )
    keeps = network_of(silent, MARK)
    assert keeps is not None
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    every = every[np.isfinite(every)]
    for start in range(0, len(every), units):
        some = np.resize(every[start : start + units], units).astype(np.float32)
        held = Memory.load(b"", MARK, units)
        held.units = some
        after = Memory.load(keeps.follow(held.dump(MARK), said(b""), acts=True), MARK, units)
        np.testing.assert_array_equal(after.units, some)
    drawn = np.random.default_rng(3).uniform(-3, 3, units) * 10.0 ** -(np.arange(units) ** 0.25)
    gates = np.concatenate((np.full(units, 80), np.full(units, -80), drawn)).astype(np.float32)
    fresh = network_of(replace(silent, step_offset=gates), MARK)
    assert fresh is not None
    found = Memory.load(fresh.follow(b"", said(b""), acts=True), MARK, units).units
    np.testing.assert_allclose(found, np.tanh(drawn), rtol=6e-4, atol=2e-7)


def test_what_lies_between_two_numbers_of_half_precision_goes_to_the_even_one() -> None:
    """Half of what was kept, and half of one: every second lies in the middle."""
    units = 2048
    gates = np.repeat(np.array((0, 0, 80), np.float32), units)
    network = network_of(replace(weights(units, spread=0), step_offset=gates), MARK)
    assert network is not None
    held = Memory.load(b"", MARK, units)
    held.units = np.arange(units, dtype=np.float32) / np.float32(2048)
    after = Memory.load(network.follow(held.dump(MARK), said(b""), acts=True), MARK, units)
    np.testing.assert_array_equal(after.units, ((1 + held.units) / 2).astype(np.float16))


def test_a_count_ends_where_two_bytes_do() -> None:
    ours, numpys = both(8)
    full = Memory.load(b"", MARK, 8)
    full.customer = full.agent = 65_535
    for acts in (False, True):
        found = (
            network.follow(full.dump(MARK), said(b""), acts=acts) for network in (ours, numpys)
        )
        counts = [(m.customer, m.agent) for m in (Memory.load(data, MARK, 8) for data in found)]
        assert counts == [(65_535, 65_535)] * 2


def test_weights_that_do_not_fit_are_left_to_numpy_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ours = weights(8)
    broken = (
        replace(ours, risk=ours.risk[:, 1:]),
        replace(ours, hidden=ours.hidden[:-1]),
        replace(ours, agent=ours.agent[:, 1:]),
        replace(ours, actions=ours.actions[1:]),
        replace(ours, step_offset=ours.step_offset[1:]),
        replace(ours, risk=ours.risk.astype(np.int32)),
    )
    assert [network_of(weight, MARK) for weight in broken] == [None] * len(broken)
    assert caplog.text.count("numpy serves what does not fit") == len(broken)


def test_a_library_that_counts_otherwise_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    calls.same_sizes(channels=len(CHANNELS), told=TOLD, given=GIVEN)
    with pytest.raises(ValueError, match=r"other sizes than {'channels': 11}"):
        calls.same_sizes(channels=11, told=TOLD)
    monkeypatch.setattr("cxstream.understand.fused.network.GIVEN", GIVEN + 1)
    assert network_of(weights(8), MARK) is None


def test_without_the_library_numpy_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "loaded", lambda: False)
    assert network_of(weights(8), MARK) is None


def test_without_torch_numpy_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    build.loaded.cache_clear()
    assert not build.loaded()
    assert not build.suits()
    ours = Stream(weights(8), About("fake", "f" * 64, ("a",) * ACTIONS, 0.1, MARK))
    assert (
        len(
            ours.next_actions(
                ours.follow(
                    b"",
                    said(bytes(GIST))._replace(
                        entry=Entry(1, "f", "utterance", role="customer", gist=bytes(GIST))
                    ),
                )
            )
        )
        == 5
    )
    build.loaded.cache_clear()
