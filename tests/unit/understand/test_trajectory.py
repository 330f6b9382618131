"""Risk rises with a dispute, stays low when all is well, and has no trapdoors."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cxstream.context.arc import Arc, facts
from cxstream.context.entry import Entry
from cxstream.events import Role
from cxstream.understand.trajectory import RuleTrajectory, measures


def follow(*tones: tuple[int, int, int]) -> list[float]:
    """The highest risk after each customer utterance of (valence, anger, dissatisfaction), in thousandths."""
    arc, found = Arc(), []
    trajectory = RuleTrajectory()
    for place, (valence, anger, dissatisfaction) in enumerate(tones):
        entry = Entry(
            at_ms=1_700_000_000_000 + place * 20_000,
            id=f"{place:03}",
            kind="utterance",
            role=Role.CUSTOMER.value,
            scored=True,
            valence=valence,
            anger=anger,
            dissatisfaction=dissatisfaction,
        )
        arc.take(entry, trajectory)
        found.append(max(msgspec.structs.astuple(trajectory.risk(facts(arc)))))
    return found


def test_risk_rises_over_a_dispute_and_falls_when_it_is_mended() -> None:
    dispute = [(0, 0, 20), (-450, 50, 450), (-700, 170, 640), (-850, 480, 700)]
    rising = follow(*dispute)
    assert rising == sorted(rising)
    assert rising[0] < 0.15
    assert rising[-1] > 0.7
    mended = follow(*dispute, (300, 0, 20), (900, 0, 10), (950, 0, 0))
    assert mended[-1] < 0.5


def test_a_calm_order_question_stays_low() -> None:
    calm = follow((40, 0, 10), (0, 0, 0), (60, 0, 0), (10, 0, 0), (900, 0, 10))
    assert max(calm) < 0.15


def test_one_cross_word_is_no_disaster() -> None:
    assert follow((0, 0, 0), (50, 0, 0), (-600, 100, 400))[-1] < 0.35


def test_unknown_facts_are_the_lowest_risk() -> None:
    nothing = RuleTrajectory().risk({})
    assert max(msgspec.structs.astuple(nothing)) < 0.06
    assert RuleTrajectory().risk({"level": "bad", "anger_max": None}) == nothing


_FACTS = st.fixed_dictionaries(
    {
        "customer_turns": st.integers(0, 100_000),
        "agent_turns": st.integers(0, 100_000),
        "level": st.floats(-1, 1),
        "trend": st.floats(-2, 2),
        "mean_valence": st.floats(-1, 1),
        "min_valence": st.floats(-1, 1),
        "negative_share": st.floats(0, 1),
        "negative_run": st.integers(0, 1000),
        "anger_max": st.floats(0, 1),
        "dissatisfaction_max": st.floats(0, 1),
        "abuse_max": st.floats(0, 1),
        "repeats": st.integers(0, 1000),
        "confused_turns": st.integers(0, 1000),
        "age_s": st.integers(0, 10**9),
    }
)


@given(_FACTS)
def test_risks_are_rounded_numbers_between_nothing_and_one(facts: dict[str, object]) -> None:
    for value in msgspec.structs.astuple(RuleTrajectory().risk(facts)):
        assert 0 <= value <= 1
        assert value == round(value, 4)
    assert all(0 <= value <= 2 for value in measures(facts).values())


@given(_FACTS, st.floats(0, 1))
def test_more_anger_is_never_less_risk(facts: dict[str, object], more: float) -> None:
    anger = facts["anger_max"]
    assert isinstance(anger, float)
    angrier = {**facts, "anger_max": max(anger, more)}
    assert RuleTrajectory().risk(angrier).annoyed >= RuleTrajectory().risk(facts).annoyed
