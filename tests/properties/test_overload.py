"""The ladder keeps its order, comes down by itself, does not swing, and never lets go of a customer's final."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cxstream.events import STAGE_RANK, Role, Stage
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.metrics import Metrics
from cxstream.pipeline import ConversationHop, Ladder, Rung
from cxstream.understand.trajectory import RuleTrajectory

FIRST_S, CALM_S = 2.0, 10.0
TAKEN_AT_S = {Rung.PARTIALS: 2.0, Rung.LIGHT: 4.0, Rung.AGENTS: 8.0}

looks = st.lists(st.tuples(st.floats(0, 30), st.floats(0.1, 20)), max_size=200)
"""Waits, and the seconds until each look."""


def ladder() -> Ladder:
    return Ladder(FIRST_S, calm_s=CALM_S)


@given(looks)
def test_one_rung_at_a_time_and_each_for_its_reason(looks: list[tuple[float, float]]) -> None:
    stairs, now_s, quiet_s = ladder(), 0.0, 0.0
    for wait_s, pause_s in looks:
        before, now_s = stairs.rung, now_s + pause_s
        half_s = TAKEN_AT_S.get(before, 0.0) / 2
        quiet_s = quiet_s + pause_s if wait_s < half_s else 0.0
        after = stairs.look(wait_s, now_s)
        assert abs(after - before) <= 1
        if after > before:
            assert wait_s >= TAKEN_AT_S[after]
        if after < before:
            assert quiet_s >= CALM_S


@given(looks)
def test_when_nothing_waits_any_more_it_is_back_on_the_ground(
    looks: list[tuple[float, float]],
) -> None:
    stairs, now_s = ladder(), 0.0
    for wait_s, pause_s in looks:
        now_s += pause_s
        stairs.look(wait_s, now_s)
    most_s = int(CALM_S * Ladder.CALM_MOST * Rung.AGENTS)
    for _ in range(most_s + 5):
        now_s += 1
        stairs.look(0.0, now_s)
    assert stairs.rung is Rung.NORMAL


@given(st.floats(1.2, 10), st.floats(0.2, 1))
def test_a_steady_overload_is_not_answered_by_swinging(load: float, partials: float) -> None:
    """`load` times what a worker can; it can 1.5 times as much without partials, 20 times on light."""
    stairs, behind_s, moves = ladder(), 0.0, 0
    speed = {Rung.NORMAL: 1.0, Rung.PARTIALS: 1 + partials / 2, Rung.LIGHT: 20, Rung.AGENTS: 25}
    for second in range(3600):
        before = stairs.rung
        behind_s = max(0.0, behind_s + load - speed[before])
        moves += stairs.look(behind_s / speed[before], float(second)) is not before
    assert moves < 3 * 3600 / (CALM_S * Ladder.CALM_MOST) + 20


def test_who_sets_no_wait_lets_go_of_nothing() -> None:
    stairs = Ladder(None)
    assert {stairs.look(1e9, float(second)) for second in range(99)} == {Rung.NORMAL}


HOP = ConversationHop(redactor=PatternRedactor(), foresight=RuleTrajectory(), observer=Metrics())


@given(
    st.sampled_from(Rung),
    st.sampled_from(Role),
    st.sampled_from([stage for stage in Stage if stage is not Stage.PARTIAL]),
    st.text(min_size=1),
    st.booleans(),
)
def test_on_no_rung_is_a_final_passed_over_or_a_customer_not_scored(
    rung: Rung, role: Role, stage: Stage, text: str, spaced: bool
) -> None:
    record = msgspec.json.encode(
        {
            "schema": "cx.fragment.v1",
            "conversation_id": "c",
            "fragment_id": '{"stage":"partial"}',
            "stage": stage.value,
            "speaker": {"role": role.value},
            "channel": "voice",
            "event_time": "2026-11-24T16:00:00Z",
            "text": text.encode("utf-8", "replace").decode(),
        }
    )
    value = msgspec.json.format(record) if spaced else record
    assert not HOP.passes_over(value, rung)
    heard = HOP.read(value, key=b"c", arrival_ms=0)
    assert HOP.scores(heard, rung) or (role is Role.AGENT and rung is Rung.AGENTS)


@given(st.sampled_from(Rung), st.integers(0, 5))
def test_partials_go_first(rung: Rung, revision: int) -> None:
    record = {"schema": "cx.fragment.v1", "stage": "partial", "revision": revision, "text": "I"}
    assert HOP.passes_over(msgspec.json.encode(record), rung) == (rung > Rung.NORMAL)
    assert STAGE_RANK[Stage.PARTIAL] == min(STAGE_RANK.values())
