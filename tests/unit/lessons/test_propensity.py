"""Learnt propensities: they find what works, know their doubt, and are restored to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from cxstream.errors import RecordError
from cxstream.lessons.exploring import Exploration, Odds, choose
from cxstream.lessons.features import FEATURES, features
from cxstream.lessons.propensity import START, Belief, Propensity

CALM = features({"level": 0.2, "channel": "chat", "customer_turns": 3}, 1)
CROSS = features({"level": -0.7, "risk": 0.8, "anger_max": 0.9, "channel": "voice"}, 3)


def taught(lessons: int, seed: int = 1) -> Propensity:
    """An action that works with calm people (80 %) and not with cross ones (10 %)."""
    learnt, rng = Propensity(), np.random.default_rng(seed)
    for _ in range(lessons):
        calm = rng.random() < 0.5
        learnt.learn(CALM if calm else CROSS, float(rng.random() < (0.8 if calm else 0.1)))
    return learnt


def test_it_learns_with_whom_an_action_works_and_how_sure_that_is() -> None:
    new, young, old = Propensity(), taught(20), taught(500)
    assert new.believe(CALM).chance == pytest.approx(START)
    assert old.believe(CALM).chance == pytest.approx(0.8, abs=0.06)
    assert old.believe(CROSS).chance == pytest.approx(0.1, abs=0.06)
    doubts = [learnt.believe(CALM).doubt for learnt in (new, young, old)]
    assert doubts == sorted(doubts, reverse=True)
    assert 0.15 < doubts[0] < 0.5 and doubts[2] < 0.05
    assert old.believe(CALM).lessons == 500


def test_a_restored_worker_learns_on_to_the_bit() -> None:
    whole = taught(60)
    broken = Propensity.restore(taught(60).snapshot())
    assert broken.snapshot() == whole.snapshot()
    for learnt in (whole, broken):
        learnt.learn(CROSS, 1.0)
        learnt.learn(CALM, 0.0)
    assert broken.snapshot() == whole.snapshot()
    assert broken.believe(CALM) == whole.believe(CALM)
    assert len(whole.snapshot()) < 6_000


@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-9], lambda b: b"", lambda b: b.replace(b"level", b"lovel")]
)
def test_a_damaged_state_is_refused(spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(RecordError, match="learn anew"):
        Propensity.restore(spoil(taught(3).snapshot()))


def test_features_are_few_bounded_and_in_one_order() -> None:
    assert len(CALM) == len(CROSS) == len(FEATURES)
    wild = features({"repeats": 10**6, "level": True, "risk": "odd", "customer_turns": -4}, 10**6)
    assert all(-1 <= value <= 5 for value in wild)


GOOD, NEW, POOR = Belief(0.6, 0.02, 900), Belief(0.3, 0.2, 3), Belief(0.2, 0.02, 900)


def test_mostly_the_best_known_and_never_further_than_allowed() -> None:
    candidates = [Odds(POOR, 1.0), Odds(GOOD, 1.0), Odds(NEW, 1.0)]
    picks = [choose(candidates, f"d-{n}", Exploration(share=0.1)) for n in range(2_000)]
    strayed = sum(pick.place != 1 for pick in picks) / len(picks)
    assert 0 < strayed < 0.1
    for pick in picks[:50]:
        assert sum(pick.chances) == pytest.approx(1.0)
        assert pick.chances[1] >= 0.9
        assert pick.chances[2] > pick.chances[0] > 0


def test_what_is_logged_is_the_chance_it_was_chosen_with() -> None:
    candidates = [Odds(Belief(0.45, 0.2, 10), 1.0), Odds(Belief(0.4, 0.2, 10), 1.2)]
    picks = [choose(candidates, f"d-{n}", Exploration(share=1.0)) for n in range(4_000)]
    expected = float(np.mean([pick.chances[0] for pick in picks]))
    assert sum(pick.place == 0 for pick in picks) / 4_000 == pytest.approx(expected, abs=0.025)


def test_the_same_seed_chooses_the_same_and_off_is_off() -> None:
    candidates = [Odds(GOOD, 1.0), Odds(NEW, 2.0)]
    wide = Exploration(share=1.0)
    assert [choose(candidates, f"d-{n}", wide) for n in range(50)] == [
        choose(candidates, f"d-{n}", wide) for n in range(50)
    ]
    assert len({choose(candidates, f"d-{n}", wide).place for n in range(200)}) == 2
    for n in range(200):
        assert choose(candidates, f"d-{n}", Exploration(share=0.0)).chances in ((1, 0), (0, 1))
        grown = [Odds(GOOD, 1.0), Odds(NEW._replace(lessons=200), 1.0)]
        assert choose(grown, f"d-{n}", wide) == (0, (1.0, 0.0)), "mature actions are not explored"
