"""Which library should learn propensities? River, MABWiser and Vowpal Wabbit on the same lessons, as a table.

    .venv/bin/pip install mabwiser vowpalwabbit        # for this comparison only
    .venv/bin/python benchmarks/propensity_libraries.py [--worlds 20] [--lessons 3000]

Each learns, one lesson at a time, the chance that an action ends well, from decisions made at random in
`contact_centre`; then it is asked about every action for customers it has not seen. `rmse`: against the best
that can be known from what is seen is not zero, as causes stay hidden; compare the rows. `regret`: what
is lost a decision by taking its best action, against knowing each customer's truth.
"""

from __future__ import annotations

import argparse
import importlib
import pickle
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import fmean, stdev
from typing import Any, Protocol

import numpy as np
from contact_centre import ACTIONS, FEATURES, Floats, World

K = len(ACTIONS)


class Learner(Protocol):
    """What is compared."""

    def learn(self, context: Floats, action: int, reward: float) -> None:
        """Take one lesson."""

    def chances(self, context: Floats) -> Floats:
        """The chance of each action, (k,)."""

    def size(self) -> int:
        """Bytes of state as the library itself saves it."""


class River:
    """One model an action, of a class of river's."""

    def __init__(self, make: Callable[[], Any], logistic: bool) -> None:
        self.models = [make() for _ in range(K)]
        self.logistic = logistic

    def learn(self, context: Floats, action: int, reward: float) -> None:
        """Take one lesson."""
        self.models[action].learn_one(_named(context), reward)

    def chances(self, context: Floats) -> Floats:
        """The chance of each action."""
        x = _named(context)
        if self.logistic:
            return np.array([m.predict_proba_one(x).get(True, 0.5) for m in self.models])
        return np.array([m.predict_one(x) for m in self.models])

    def size(self) -> int:
        """Bytes of state."""
        return len(pickle.dumps(self.models))


class MabWiser:
    """Linear Thompson sampling; asked for its mean."""

    def __init__(self) -> None:
        mab = importlib.import_module("mabwiser.mab")
        self.mab = mab.MAB(list(range(K)), mab.LearningPolicy.LinGreedy(epsilon=0, l2_lambda=1))
        self.begun = False

    def learn(self, context: Floats, action: int, reward: float) -> None:
        """Take one lesson."""
        row = np.append(context, 1.0)[None]
        if self.begun:
            self.mab.partial_fit([action], [reward], row)
        else:
            self.mab.fit([action], [reward], row)
            self.begun = True

    def chances(self, context: Floats) -> Floats:
        """The chance of each action."""
        found = self.mab.predict_expectations(np.append(context, 1.0)[None])
        return np.array([found[a] for a in range(K)])

    def size(self) -> int:
        """Bytes of state."""
        return len(pickle.dumps(self.mab))


class Vowpal:
    """One namespace, an interaction of action and context, logistic loss."""

    def __init__(self) -> None:
        vw = importlib.import_module("vowpalwabbit")
        self.vw = vw.Workspace("--loss_function logistic --link logistic -q ax --quiet -b 14")

    def learn(self, context: Floats, action: int, reward: float) -> None:
        """Take one lesson."""
        self.vw.learn(f"{1 if reward else -1} {_line(context, action)}")

    def chances(self, context: Floats) -> Floats:
        """The chance of each action."""
        return np.array([self.vw.predict(_line(context, a)) for a in range(K)])

    def size(self) -> int:
        """Bytes of state."""
        self.vw.save("/tmp/cx-vw.model")  # noqa: S108  a benchmark's own scratch
        with open("/tmp/cx-vw.model", "rb") as saved:  # noqa: S108, PTH123
            return len(saved.read())


def _named(context: Floats) -> dict[str, float]:
    return dict(zip(FEATURES, context.tolist(), strict=True), one=1.0)


def _line(context: Floats, action: int) -> str:
    return f"|a act{action} |x " + " ".join(
        f"{name}:{value:.6f}" for name, value in zip(FEATURES, context, strict=True)
    )


def contenders() -> dict[str, Callable[[], Learner]]:
    """Those that are installed."""
    linear = importlib.import_module("river.linear_model")
    optim = importlib.import_module("river.optim")
    found: dict[str, Callable[[], Learner]] = {
        "river BayesianLinearRegression": lambda: River(
            lambda: linear.BayesianLinearRegression(alpha=1, beta=1), logistic=False
        ),
        "river LogisticRegression": lambda: River(
            lambda: linear.LogisticRegression(optim.SGD(0.05), l2=0.001), logistic=True
        ),
    }
    others: tuple[tuple[str, str, Callable[[], Learner]], ...] = (
        ("mabwiser", "MABWiser linear", MabWiser),
        ("vowpalwabbit", "Vowpal Wabbit logistic", Vowpal),
    )
    return found | {name: make for module, name, make in others if find_spec(module)}


def main() -> None:
    """Print one row a library."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--lessons", type=int, default=3000)
    given = parser.parse_args()
    _put(f"{'library':32} {'rmse':>15} {'regret':>15} {'learn µs':>9} {'ask µs':>8} {'bytes':>8}")
    for name, make in contenders().items():
        rows = [_measure(make(), seed, given.lessons) for seed in range(given.worlds)]
        rmse, regret, learn, ask, size = zip(*rows, strict=True)
        _put(
            f"{name:32} {fmean(rmse):7.4f} ± {stdev(rmse):5.4f} {fmean(regret):7.4f} ±"
            f" {stdev(regret):5.4f} {np.median(learn):9.1f} {np.median(ask):8.1f} {max(size):8}"
        )


def _put(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _measure(learner: Learner, seed: int, lessons: int) -> tuple[float, float, float, float, int]:
    world, rng = World(seed), np.random.default_rng((seed, 1))
    seen, new = world.customers(lessons, rng), world.customers(400, rng)
    actions = rng.integers(0, K, lessons)
    rewards = seen.rewards(actions, rng)
    began = time.perf_counter()
    for context, action, reward in zip(seen.contexts, actions.tolist(), rewards, strict=True):
        learner.learn(context, action, float(reward))
    learnt = time.perf_counter()
    chances = np.array([learner.chances(context) for context in new.contexts])
    asked = time.perf_counter()
    rmse = float(np.sqrt(np.mean((chances - new.truth) ** 2)))
    picked = new.truth[np.arange(len(chances)), chances.argmax(axis=1)]
    regret = float((new.truth.max(axis=1) - picked).mean())
    each = (learnt - began) / lessons * 1e6
    return rmse, regret, each, (asked - learnt) / len(chances) * 1e6, learner.size()


if __name__ == "__main__":
    main()
