"""What another policy would have earned, from the decisions that were logged: IPS, SNIPS, doubly robust.

The plain average of what was earned answers another question (what did the policy in force earn?), and is
wrong about a new one however much was logged. Here each logged decision is weighted by how much more often
the new policy would have made it. Intervals come from the influence of each customer, not of each decision
(decisions about one person are not independent), widened for customers that weigh much (as in HC3), with
Student's quantile for as many as really count, and moved for skewness.

Sources: Horvitz and Thompson, 1952; Swaminathan and Joachims, 2015 (SNIPS); Dudik, Langford and Li, 2011
(doubly robust); Chernozhukov et al., 2018 (cross-fitting); Johnson, 1978 (skewness).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEVEL: Final = 0.97
"""What intervals are made for: two points above the 95 % they are to keep, for weights that are skewed."""

FOLDS: Final = 5
_RIDGE: Final = 1.0


class Trial(NamedTuple):
    """Logged decisions, n of them over k actions, and what the policy in question would do.

    `contexts` (n, d), `actions` (n,) from 0 to k - 1, `propensities` (n,) the chance that the logging policy
    gave the action it chose, over 0; `rewards` (n,) from 0 to 1; `targets` (n, k) the chances that the new
    policy gives each action, rows sum to one; `customers` (n,) equal numbers for decisions about one person.
    """

    contexts: Floats
    actions: Ints
    propensities: Floats
    rewards: Floats
    targets: Floats
    customers: Ints

    def weights(self) -> Floats:
        """How much more often the new policy would have made each logged decision, (n,)."""
        return self.targets[np.arange(len(self.actions)), self.actions] / self.propensities

    def of(self, targets: Floats) -> Trial:
        """The same decisions, asked about another policy."""
        return self._replace(targets=targets)


class Estimate(NamedTuple):
    """A mean reward a decision, with its interval, and how many decisions it really rests on."""

    value: float
    low: float
    high: float
    effective: float

    def covers(self, truth: float) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= truth <= self.high


Estimator = Callable[[Trial], Estimate]


def plain(trial: Trial) -> Estimate:
    """The mean of what was earned: the value of the policy that logged, and of no other."""
    ones = np.ones(len(trial.rewards))
    value = float(trial.rewards.mean())
    return _estimate(value, trial.rewards - value, ones, trial)


def ips(trial: Trial) -> Estimate:
    """Inverse propensity scores: unbiased whatever the world is like, wide when weights are."""
    weights = trial.weights()
    value = float((weights * trial.rewards).mean())
    return _estimate(value, weights * trial.rewards - value, weights, trial)


def snips(trial: Trial) -> Estimate:
    """IPS by the sum of its weights: a little bias, much less variance; NaN when no decision would recur."""
    weights = trial.weights()
    total = weights.sum()
    value = float((weights * trial.rewards).sum() / total) if total else float("nan")
    shares = weights * len(weights) / (total or 1.0)
    return _estimate(value, shares * (trial.rewards - value), weights, trial)


def doubly_robust(trial: Trial) -> Estimate:
    """A model of rewards, and IPS for what the model gets wrong: unbiased, and narrower the better the model.

    The model is a ridge regression an action, fitted on other customers than those it is asked about.
    """
    weights, expected = trial.weights(), expected_rewards(trial)
    chosen = expected[np.arange(len(trial.actions)), trial.actions]
    each = (trial.targets * expected).sum(axis=1) + weights * (trial.rewards - chosen)
    value = float(each.mean())
    return _estimate(value, each - value, weights, trial)


ESTIMATORS: Final[dict[str, Estimator]] = {"ips": ips, "snips": snips, "dr": doubly_robust}


def difference(trial: Trial, targets: Floats) -> Estimate:
    """How much more the policy of the trial earns than another, doubly robust, on the same decisions."""
    weights = trial.weights() - trial.of(targets).weights()
    expected = expected_rewards(trial)
    chosen = expected[np.arange(len(trial.actions)), trial.actions]
    gain = ((trial.targets - targets) * expected).sum(axis=1)
    each = gain + weights * (trial.rewards - chosen)
    value = float(each.mean())
    return _estimate(value, each - value, np.abs(weights), trial)


def expected_rewards(trial: Trial) -> Floats:
    """What each action would earn in each context, (n, k), by models fitted on other customers."""
    count, k = trial.targets.shape
    inputs = np.column_stack((np.ones(count), trial.contexts))
    expected = np.empty((count, k))
    fold = trial.customers % FOLDS
    for held in range(FOLDS):
        asked, known = fold == held, fold != held
        mean = float(trial.rewards[known].mean()) if known.any() else 0.0
        for action in range(k):
            rows = known & (trial.actions == action)
            expected[asked, action] = mean + inputs[asked] @ _ridge(
                inputs[rows], trial.rewards[rows] - mean
            )
    return expected


def _ridge(inputs: Floats, rewards: Floats) -> Floats:
    gram = inputs.T @ inputs + _RIDGE * np.eye(inputs.shape[1])
    return np.asarray(np.linalg.solve(gram, inputs.T @ rewards), dtype=np.float64)


def _estimate(value: float, influence: Floats, weights: Floats, trial: Trial) -> Estimate:
    """The interval of a mean whose decisions have this influence, customer by customer."""
    count = len(influence)
    _, index = np.unique(trial.customers, return_inverse=True)
    by_customer = np.bincount(index, influence)
    weight_of = np.bincount(index, weights)
    total = float(weights.sum())
    if total <= 0 or count < 2 or not np.isfinite(value):
        return Estimate(value, float("-inf"), float("inf"), 0.0)
    leverage = np.minimum(weight_of / total, 0.5)
    widened = by_customer / (1 - leverage)
    error = float(np.sqrt(np.sum(widened**2))) / count
    effective = total**2 / float(np.sum(weights**2))
    counting = float(weight_of.sum() ** 2 / np.sum(weight_of**2))
    from scipy.special import stdtrit  # takes half a second, which no worker needs

    quantile = float(stdtrit(max(counting - 1, 1.0), (1 + LEVEL) / 2))
    # a mean of skewed weights errs to one side more often than to the other
    skew = float(np.sum(widened**3)) / count**3 / error**2 if error else 0.0
    middle, reach = value + skew * (1 + 2 * quantile**2) / 6, quantile * error
    return Estimate(value, middle - reach, middle + reach, effective)
