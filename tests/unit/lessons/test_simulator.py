"""The contact centre that never was: one truth, seeds that decide everything, policies in their order."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


def benchmark(name: str) -> ModuleType:
    """A file of benchmarks/ as a module (benchmarks/ is no package)."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        assert spec is not None and spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="module")
def pays() -> ModuleType:
    benchmark("contact_centre")
    return benchmark("learning_pays")


def test_a_seed_decides_everything() -> None:
    centre = benchmark("contact_centre")
    one, again, other = (
        centre.World(seed).customers(50, np.random.default_rng(seed)) for seed in (4, 4, 5)
    )
    assert np.array_equal(one.contexts, again.contexts) and np.array_equal(one.truth, again.truth)
    assert not np.array_equal(one.truth, other.truth)


def test_what_is_earned_is_what_the_truth_says() -> None:
    centre = benchmark("contact_centre")
    rng = np.random.default_rng(1)
    people = centre.World(1).customers(40_000, rng)
    chances = centre.mixed(centre.playbook(people.contexts), 0.2)
    earned = people.rewards(centre.drawn(chances, rng), rng).mean()
    assert earned == pytest.approx(people.value(chances), abs=0.01)
    assert people.value(centre.playbook(people.contexts)) > people.value(chances)


def test_regrets_are_replayable_and_the_oracle_has_none(pays: ModuleType) -> None:
    first, second = pays.regrets(3, 150), pays.regrets(3, 150)
    assert all(np.array_equal(first[name], second[name]) for name in pays.POLICIES)
    assert not first["oracle"].any()
    assert all((first[name] >= 0).all() for name in pays.POLICIES)
    assert first["random"].sum() > first["playbook"].sum() > 0


def test_intervals_widen_with_how_much_worlds_differ(pays: ModuleType) -> None:
    equal = [{name: np.full(10, 0.1) for name in pays.POLICIES}] * 3
    unequal = [{name: np.full(10, 0.1 * n) for name in pays.POLICIES} for n in range(3)]
    assert pays.summed(equal)["learnt"][1][-1] == pytest.approx(0.0)
    mean, half = (part[-1] for part in pays.summed(unequal)["learnt"])
    assert mean == pytest.approx(1.0) and half > 1.0
