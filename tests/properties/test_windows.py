"""The laws of `context.windows`: sums over event time that do not care how they came about."""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxstream.context.customer import Customer
from cxstream.context.snapshot import dump, load_customer
from cxstream.context.windows import BUCKETS, SPANS_MS, Windows

NOW_MS = 1_780_000_000_000
DAY_MS = 86_400_000
NAMES = (
    "n",
    "neg",
    "v",
    "r0",
    "r7",
    "tc",
    "ta",
    "si",
    "x",
    "c:voice",
    "c:chat",
    "i:refund_request",
)

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is slow; that is no error."""

Heard = tuple[int, dict[str, int]]

edges_ms = st.builds(
    lambda span_ms, halves, buckets: max(0, halves * span_ms // 2 + buckets * span_ms // BUCKETS),
    st.sampled_from(sorted(SPANS_MS.values())),
    st.integers(0, 2),
    st.integers(-1, 1),
)
ages_ms = st.one_of(
    st.integers(0, 400_000), st.integers(0, 2 * DAY_MS), st.integers(0, 40 * DAY_MS), edges_ms
)
measures = st.dictionaries(st.sampled_from(NAMES), st.integers(-900, 900), max_size=5)
heard = st.tuples(ages_ms.map(lambda age: NOW_MS - age), measures)
histories = st.lists(heard, max_size=40)


def windows_of(history: Iterable[Heard], now_ms: int = NOW_MS) -> Windows:
    """Windows that have heard a history and then wait until now."""
    windows = Windows()
    for at_ms, amounts in history:
        windows.add(at_ms, amounts)
    windows.advance(now_ms)
    return windows


def naive(history: list[Heard], window: str, now_ms: int) -> list[Heard]:
    """What of a history is within a window, reckoned from the raw list."""
    step = SPANS_MS[window] // BUCKETS
    return [(at, m) for at, m in history if at // step > now_ms // step - BUCKETS]


def total(history: list[Heard], measure: str) -> int:
    """A measure's sum over a raw list."""
    return sum(amounts.get(measure, 0) for _, amounts in history)


@PATIENT
@given(histories, st.integers(0, 2**32))
def test_any_order_gives_the_same(history: list[Heard], seed: int) -> None:
    shuffled = history.copy()
    random.Random(seed).shuffle(shuffled)
    assert windows_of(shuffled).comparable() == windows_of(history).comparable()


@PATIENT
@given(histories, histories, st.integers(0, 2**32))
def test_what_is_added_and_taken_back_never_was(
    history: list[Heard], mistaken: list[Heard], seed: int
) -> None:
    back = [(at, {name: -n for name, n in amounts.items()}) for at, amounts in mistaken]
    both = history + mistaken + back
    random.Random(seed).shuffle(both)
    assert windows_of(both).comparable() == windows_of(history).comparable()


@PATIENT
@given(histories, histories)
def test_to_merge_is_to_have_heard_both(one: list[Heard], other: list[Heard]) -> None:
    merged = windows_of(one, 0)
    merged.merge(windows_of(other, 0))
    merged.advance(NOW_MS)
    assert merged.comparable() == windows_of(one + other).comparable()


@PATIENT
@given(histories)
def test_what_cancels_out_in_a_merge_leaves_nothing(history: list[Heard]) -> None:
    merged = windows_of(history)
    merged.merge(windows_of([(at, {k: -n for k, n in m.items()}) for at, m in history]))
    assert merged.empty()
    assert merged.comparable() == {}


@PATIENT
@given(histories)
def test_everything_is_forgotten_in_time(history: list[Heard]) -> None:
    windows = windows_of(history)
    windows.advance(NOW_MS + SPANS_MS["last_30d"])
    assert windows.empty()
    assert windows.comparable() == Windows().comparable()
    assert all(windows.facts(name)["utterances"] == 0 for name in SPANS_MS)


@PATIENT
@given(histories, st.lists(st.integers(0, 60_000), max_size=5))
def test_time_never_runs_backwards(history: list[Heard], back: list[int]) -> None:
    windows = windows_of(history)
    before = windows.comparable()
    for ms in back:
        windows.advance(NOW_MS - ms)
    assert windows.latest_ms == NOW_MS
    assert windows.comparable() == before


@PATIENT
@given(histories, st.integers(0, 90_000))
def test_sums_are_those_of_the_raw_list(history: list[Heard], later_ms: int) -> None:
    now_ms = NOW_MS + later_ms
    windows = windows_of(history, now_ms)
    for window in SPANS_MS:
        within = naive(history, window, now_ms)
        expected = {name: total(within, name) for name in NAMES}
        assert windows.total(window) == {k: n for k, n in expected.items() if n}


said = st.tuples(ages_ms.map(lambda age: NOW_MS - age), st.integers(-1000, 1000))


@PATIENT
@given(st.lists(said, max_size=60))
def test_level_trend_and_share_are_those_of_the_raw_list(utterances: list[tuple[int, int]]) -> None:
    history: list[Heard] = [
        (at, {"n": 1, "v": v} | ({"neg": 1} if v < -250 else {})) for at, v in utterances
    ]
    windows = windows_of(history)
    for window, span_ms in SPANS_MS.items():
        facts = windows.facts(window)
        within = naive(history, window, NOW_MS)
        valences = [m["v"] / 1000 for _, m in within]
        assert facts["utterances"] == len(valences)
        assert facts["level"] == pytest.approx(mean(valences), abs=1e-4)
        share = sum(v < -0.25 for v in valences) / len(valences) if valences else 0
        assert facts["negative_share"] == pytest.approx(share, abs=1e-4)
        step = span_ms // BUCKETS
        middle = NOW_MS // step - BUCKETS // 2
        older = [m["v"] / 1000 for at, m in within if at // step <= middle]
        newer = [m["v"] / 1000 for at, m in within if at // step > middle]
        trend = mean(newer) - mean(older) if newer and older else 0
        assert facts["trend"] == pytest.approx(trend, abs=1e-4)


def mean(numbers: list[float]) -> float:
    """The mean, of nothing zero."""
    return sum(numbers) / len(numbers) if numbers else 0.0


@pytest.mark.parametrize("window", SPANS_MS)
def test_the_edge_of_a_window_is_as_fine_as_its_bucket(window: str) -> None:
    span_ms = SPANS_MS[window]
    step_ms = span_ms // BUCKETS
    windows = windows_of([(NOW_MS, {"n": 1})])
    bucket_ms = NOW_MS // step_ms * step_ms
    windows.advance(bucket_ms + span_ms - 1)
    assert windows.facts(window)["utterances"] == 1
    windows.advance(bucket_ms + span_ms)
    assert windows.facts(window)["utterances"] == 0
    assert span_ms - step_ms < bucket_ms + span_ms - NOW_MS <= span_ms


def test_what_comes_after_its_window_has_closed_is_left_out_of_that_window_only() -> None:
    windows = windows_of([])
    windows.add(NOW_MS - 2 * 3_600_000, {"n": 1})
    counts = {name: windows.facts(name)["utterances"] for name in SPANS_MS}
    assert counts == {"last_5m": 0, "last_1h": 0, "last_24h": 1, "last_30d": 1}


def test_the_highest_risk_is_rounded_down_to_tenths() -> None:
    assert windows_of([]).facts("last_1h")["risk_highest"] == 0.0
    assert windows_of([(NOW_MS, {"r0": 1})]).facts("last_1h")["risk_highest"] == 0.0
    assert windows_of([(NOW_MS, {"r7": 2, "r3": 1})]).facts("last_1h")["risk_highest"] == 0.7


def test_talk_silence_contacts_and_topics() -> None:
    windows = windows_of(
        [
            (NOW_MS - 60_000, {"tc": 6000, "c:voice": 1, "i:refund_request": 1}),
            (NOW_MS - 30_000, {"ta": 18_000, "si": 8000, "x": 2}),
            (NOW_MS, {"c:chat": 1, "i:refund_request": 1}),
        ]
    )
    facts = windows.facts("last_5m")
    assert facts["agent_talk_share"] == 0.75
    assert facts["silence_share"] == 0.25
    assert facts["interruptions"] == 2
    assert facts["contacts"] == 2
    assert facts["contacts_by_channel"] == {"chat": 1, "voice": 1}
    assert facts["intents"] == {"refund_request": 2}


@PATIENT
@given(histories)
def test_a_snapshot_gives_the_same_windows(history: list[Heard]) -> None:
    windows = windows_of(history)
    assert load_customer(dump(Customer("c", windows=windows))).windows == windows


def test_what_is_kept_does_not_grow_with_the_history() -> None:
    """A customer of six months takes no more bytes than one of six weeks."""

    def customer_since(days: int) -> Windows:
        return windows_of(
            (NOW_MS - hours * 3_600_000, {"n": 1, "v": -300}) for hours in range(24 * days, -1, -1)
        )

    new, old = customer_since(42), customer_since(180)
    assert len(msgspec.msgpack.encode(old)) == len(msgspec.msgpack.encode(new))
    assert sum(map(len, old.rows.values())) <= BUCKETS * len(SPANS_MS)


def test_the_worst_customer_is_bounded_too() -> None:
    """Every topic, channel and risk in every bucket of every window: what no person can bring about."""
    everything = {f"i:a_topic_with_a_long_name_{n}": 9999 for n in range(27)}
    everything |= {f"c:channel{n}": 99 for n in range(8)} | {f"r{n}": 999 for n in range(10)}
    everything |= dict.fromkeys(("n", "neg", "v", "tc", "ta", "si", "x"), 10**9)
    windows = Windows()
    for _, span_ms in sorted(SPANS_MS.items(), key=lambda s: -s[1]):
        for bucket in range(BUCKETS):
            windows.add(NOW_MS - bucket * span_ms // BUCKETS, everything)
    assert len(msgspec.msgpack.encode(windows)) < 160_000
