"""A small light model with weights by chance, and a transformer that is none: for the tests of both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxstream.events import Scores
from cxstream.understand.light import (
    DOUBTS,
    OUTPUTS,
    UNIT,
    Light,
    key_of,
    numbers_of,
    scores_of,
)
from cxstream.understand.scorer import Reading

TEACHER = "heavy-1"
BUCKETS, WIDE, HIDDEN, TRUST = 256, 8, 6, 4


def some_scores(seed: int, model: str = TEACHER) -> Scores:
    """Sound scores by chance."""
    chance = np.random.default_rng(seed)
    numbers = chance.uniform(0.01, 0.99, OUTPUTS)
    numbers[:27] = chance.dirichlet(np.full(27, 0.2))
    numbers[27:30] = chance.dirichlet(np.ones(3))
    return scores_of(numbers, model)


def small_light(
    memo: Sequence[str] = (), *, sure_bias: float = 0.0, threshold: float = 0.8
) -> Light:
    """A light model of a few numbers; its memo holds what `Heavy` says of the texts of `memo`."""
    chance = np.random.default_rng(5)
    kept = sorted(memo, key=key_of)
    rows = [np.round(numbers_of(Heavy().score([text])[0]) * UNIT) for text in kept]

    def half(*shape: int) -> np.ndarray:
        return chance.normal(size=shape).astype(np.float16)

    return Light(
        "light-small",
        TEACHER,
        threshold,
        "mark",
        {
            "table": chance.integers(-127, 128, (BUCKETS, WIDE)).astype(np.int8),
            "scale": np.full(BUCKETS, 0.01, np.float16),
            "known": chance.integers(0, 12, BUCKETS).astype(np.uint8),
            "inner": half(HIDDEN, WIDE + 1),
            "inner_bias": half(HIDDEN),
            "outer": half(OUTPUTS + 4, HIDDEN),
            "outer_bias": half(OUTPUTS + 4),
            "trust": half(TRUST, DOUBTS) * np.float16(0.1),
            "trust_bias": half(TRUST),
            "sure": half(TRUST) * np.float16(0.1),
            "sure_bias": np.array([sure_bias], np.float16),
            "memo_keys": np.array([key_of(text) for text in kept], np.uint64),
            "memo_gists": np.frombuffer(b"gist" * len(kept), np.int8).reshape(len(kept), 4),
            "memo_scores": np.array(rows, np.uint16).reshape(len(rows), OUTPUTS),
        },
    )


class Heavy:
    """Scores by the letters of a text; remembers what it was asked. A text with "maybe" leaves it unsure."""

    name = TEACHER

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [reading.scores for reading in self.read(texts)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        self.asked += texts
        return [Reading(self._one(text), b"gist") for text in texts]

    def _one(self, text: str) -> Scores:
        numbers = numbers_of(some_scores(sum(map(ord, text))))
        numbers[:27] = 0.02
        numbers[len(text) % 27] = 0.1 if "maybe" in text else 0.48
        numbers[:27] /= numbers[:27].sum()
        return scores_of(numbers, TEACHER)
