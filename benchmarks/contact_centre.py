"""A contact centre that never was, whose truth is known: customers with hidden causes, moods and reactions.

Made to test what is claimed of learning and of off-policy evaluation, and good for nothing else: what holds
here need not hold in yours. Each `World` (seed) has its own table of what helps whom. A customer has a cause
that nobody sees, a mood that is seen through noise, a channel, and a history. An agent follows a suggestion,
or does what this agent always does; cross customers take suggestions badly that calm ones like. Everything
is numpy, all customers at once: 100,000 of them take a tenth of a second.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CAUSES: Final = ("wrong_bill", "outage", "late_parcel", "leaving", "locked_out", "just_asking")
ACTIONS: Final = (
    "credit_the_difference",
    "send_a_technician",
    "trace_and_promise_a_day",
    "retention_offer",
    "reset_access_together",
    "explain_and_send_a_link",
)
FEATURES: Final = (*CAUSES, "mood", "repeats", "voice", "newcomer")


class Customers(NamedTuple):
    """n contacts: what is seen of them, and what nobody sees.

    `contexts` (n, d) is what a policy may read (see `FEATURES`); `truth` (n, k) the chance that each
    suggestion ends well, whatever the agent makes of it; `ids` (n,) who it is: some people come twice.
    """

    contexts: Floats
    truth: Floats
    ids: Ints

    def rewards(self, actions: Ints, rng: np.random.Generator) -> Floats:
        """Whether each contact ended well after its suggestion: 0 or 1."""
        chance = self.truth[np.arange(len(actions)), actions]
        return (rng.random(len(actions)) < chance).astype(np.float64)

    def value(self, chances: Floats) -> float:
        """The true mean reward of a policy that gives these chances (n, k)."""
        return float((chances * self.truth).sum(axis=1).mean())


class World:
    """One contact centre; the seed decides what helps whom, and how its agents are."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng((seed, 0))
        k = len(ACTIONS)
        self.helps = rng.normal(-1.2, 0.7, (len(CAUSES), k)) + 2.2 * np.eye(k)
        # in two causes something helps better than what everybody would do
        for cause in rng.choice(len(CAUSES), 2, replace=False):
            self.helps[cause, (cause + rng.integers(1, k)) % k] = self.helps[cause, cause] + 1.0
        self.stirs = rng.normal(0, 0.6, k)
        self.on_voice = rng.normal(0, 0.3, k)
        self.causes = rng.dirichlet(np.full(len(CAUSES), 3.0))
        self.habit = rng.integers(0, k, len(CAUSES))
        self.follow = rng.uniform(0.6, 0.9)

    def customers(self, count: int, rng: np.random.Generator) -> Customers:
        """Contacts as they come in."""
        cause = rng.choice(len(CAUSES), count, p=self.causes)
        mood = rng.normal(0, 1, count)
        repeats = rng.poisson(0.4, count)
        voice = (rng.random(count) < 0.5).astype(np.float64)
        newcomer = (rng.random(count) < 0.3).astype(np.float64)
        heard = rng.normal(0, 1, (count, len(CAUSES)))
        heard[np.arange(count), cause] += 2.0
        shares = np.exp(heard - heard.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        seen = np.column_stack((shares, mood + rng.normal(0, 0.5, count), repeats, voice, newcomer))
        logit = (
            self.helps[cause]
            + np.outer(mood, self.stirs)
            + np.outer(voice, self.on_voice)
            - 0.3 * repeats[:, None]
        )
        ends_well = 1 / (1 + np.exp(-logit))
        usual = ends_well[np.arange(count), self.habit[shares.argmax(axis=1)]]
        # cross customers make agents fall back on what they always do
        follows = np.clip(self.follow - 0.1 * np.maximum(mood, 0), 0, 1)[:, None]
        truth = follows * ends_well + (1 - follows) * usual[:, None]
        ids = np.where(rng.random(count) < 0.15, rng.integers(0, count, count), np.arange(count))
        return Customers(seen, truth, ids.astype(np.int64))


def playbook(contexts: Floats) -> Floats:
    """The chances of a fixed playbook: the obvious answer to the likeliest cause, always."""
    chances: Floats = np.eye(len(ACTIONS))[contexts[:, : len(CAUSES)].argmax(axis=1)]
    return chances


def mixed(chances: Floats, share: float) -> Floats:
    """A policy that does anything at all in a share of cases: what exploration looks like in a log."""
    mix: Floats = (1 - share) * chances + share / chances.shape[1]
    return mix


def drawn(chances: Floats, rng: np.random.Generator) -> Ints:
    """One action each, by its chances."""
    edges = chances.cumsum(axis=1)
    over = rng.random((len(chances), 1)) * edges[:, -1:] > edges
    actions: Ints = over.sum(axis=1).astype(np.int64)
    return actions
