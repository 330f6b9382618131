"""The recipe's file: what a table does not say is as in the first."""

from __future__ import annotations

from cxstream.learn.network import TAUGHT
from cxstream.learn.plans import plans_of


def test_tables_say_what_differs() -> None:
    plans = plans_of()
    alone, taught = plans.alone, plans.taught[0]
    assert alone.told == 0 < taught.told
    assert taught.weights["fine"] != alone.weights["fine"]
    assert taught.weights["intent"] == alone.weights["intent"]
    assert taught.rounds.keys() == alone.rounds.keys()
    assert (taught.decay, taught.tokens) == (alone.decay, alone.tokens)
    assert len({plan.share for plan in plans.taught}) == 1, "their mean is of one mixture"


def test_teachers_are_kept_whole_and_have_none() -> None:
    teachers = plans_of().teachers
    assert len(teachers) == 2
    assert {(plan.share, plan.told) for plan in teachers} == {(1.0, 0.0)}
    assert teachers[0] != teachers[1]


def test_every_head_has_a_weight() -> None:
    plans = plans_of()
    for plan in (plans.alone, *plans.taught, *plans.teachers):
        assert plan.weights.keys() == {*TAUGHT, "fine"}
