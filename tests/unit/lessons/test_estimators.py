"""Off-policy evaluation where the truth is known: the intervals hold it, the plain average does not."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cxstream.lessons.estimators import (
    ESTIMATORS,
    Floats,
    Trial,
    difference,
    doubly_robust,
    ips,
    plain,
    snips,
)
from cxstream.lessons.gate import judge

RUNS = 300
LOGGED = 2_000


def contact_centre() -> ModuleType:
    """benchmarks/contact_centre.py as a module (benchmarks/ is no package)."""
    name = "contact_centre"
    if name not in sys.modules:
        path = Path(__file__).resolve().parents[3] / "benchmarks" / "contact_centre.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def by_mood(contexts: Floats) -> Floats:
    """Another policy than the one that logged: cross customers get something else."""
    world = contact_centre()
    chances: Floats = world.playbook(contexts)
    cross = contexts[:, world.FEATURES.index("mood")] > 0.3
    chances[cross] = np.roll(chances[cross], 3, axis=1)
    return np.asarray(world.mixed(chances, 0.1))


@cache
def run(seed: int, logged: int = LOGGED) -> tuple[Trial, float]:
    """What a playbook with some exploration has logged in a world, and the truth about another policy."""
    centre = contact_centre()
    world, rng = centre.World(seed), np.random.default_rng((seed, 1))
    people = world.customers(10_000, rng)
    truth = people.value(by_mood(people.contexts))
    seen = world.customers(logged, rng)
    chances = centre.mixed(centre.playbook(seen.contexts), 0.3)
    actions = centre.drawn(chances, rng)
    trial = Trial(
        contexts=seen.contexts,
        actions=actions,
        propensities=chances[np.arange(logged), actions],
        rewards=seen.rewards(actions, rng),
        targets=by_mood(seen.contexts),
        customers=seen.ids,
    )
    return trial, truth


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_the_interval_holds_the_truth(name: str) -> None:
    held = sum(ESTIMATORS[name](trial).covers(truth) for trial, truth in map(run, range(RUNS)))
    assert held >= 0.93 * RUNS


def test_the_plain_average_does_not() -> None:
    held = sum(plain(trial).covers(truth) for trial, truth in map(run, range(RUNS)))
    assert held < 0.5 * RUNS


def test_doubly_robust_is_narrower_than_ips_and_all_of_them_are_right_on_average() -> None:
    found = {
        name: [(e(trial), truth) for trial, truth in map(run, range(RUNS))]
        for name, e in ESTIMATORS.items()
    }
    width = {n: float(np.mean([e.high - e.low for e, _ in runs])) for n, runs in found.items()}
    assert width["dr"] < width["snips"] < width["ips"]
    for runs in found.values():
        assert abs(float(np.mean([e.value - truth for e, truth in runs]))) < 0.006


def test_of_the_policy_that_logged_all_say_what_was_earned() -> None:
    trial, _ = run(1)
    chances = np.zeros_like(trial.targets)
    chances[np.arange(len(chances)), trial.actions] = trial.propensities
    same = trial.of(chances)
    assert ips(same).value == pytest.approx(plain(trial).value)
    assert snips(same).effective == pytest.approx(len(chances))


def test_decisions_about_few_people_say_less_than_about_many() -> None:
    trial, _ = run(2)
    few = trial._replace(
        customers=np.arange(LOGGED) % 20, rewards=(np.arange(LOGGED) % 20 < 8).astype(float)
    )
    many = few._replace(customers=np.arange(LOGGED))
    wide, narrow = snips(few), snips(many)
    assert wide.value == narrow.value
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


def test_a_policy_that_the_log_never_followed_is_unknown() -> None:
    trial, _ = run(3)
    never = np.roll(np.eye(6)[trial.actions], 1, axis=1)
    found = snips(trial.of(never))
    assert found.effective == 0 and not found.low > 0


def test_a_better_policy_may_take_over_and_a_worse_one_may_not() -> None:
    centre = contact_centre()
    world, rng = centre.World(5), np.random.default_rng((5, 1))
    seen = world.customers(6_000, rng)
    base = centre.playbook(seen.contexts)
    chances = centre.mixed(base, 0.5)
    actions = centre.drawn(chances, rng)
    best = np.eye(6)[seen.truth.argmax(axis=1)]
    worst = np.eye(6)[seen.truth.argmin(axis=1)]
    trial = Trial(
        seen.contexts,
        actions,
        chances[np.arange(6_000), actions],
        seen.rewards(actions, rng),
        best,
        seen.ids,
    )
    better, worse = judge(trial, base), judge(trial.of(worst), base)
    assert better.accepted and better.gain.low > 0
    assert not worse.accepted and "under the champion's" in worse.reasons[-1]
    contexts, actions, propensities, rewards, targets, customers = (part[:150] for part in trial)
    few = Trial(contexts, actions, propensities, rewards, targets, customers)  # type: ignore[arg-type]
    thin = judge(few, base[:150])
    assert not thin.accepted and "effective sample is too small" in thin.reasons[0]
    truth = seen.value(best) - seen.value(base)
    assert difference(trial, base).covers(truth)
    assert doubly_robust(trial).covers(seen.value(best))
