"""The learnt chance that an action succeeds: one Bayesian linear regression an action, from river.

A lesson costs some 20 microseconds, a question as much. The model keeps its own doubt, which Thompson
sampling draws from. Its state is five arrays of numbers: written and read back without pickle (a changelog
must never be able to run code), to the bit, so that a worker that was restored learns on exactly where the
one that was killed had stopped. Equal lessons in equal order give equal bytes on one build of numpy.

Chosen by `benchmarks/propensity_libraries.py`, see docs/learning.md. Sources: Bishop, Pattern Recognition
and Machine Learning, 3.3; Agrawal and Goyal, 2013 (linear Thompson sampling).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from math import sqrt
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from cxstream.errors import UNREADABLE, RecordError
from cxstream.lessons.features import FEATURES

START: Final = 0.3
"""The chance of success that an action begins with, before anything is known of it."""

SEEN_MAX: Final = 512
"""Lessons remembered by their id: more than can be on their way twice."""

_PRIOR_PRECISION: Final = 20.0
"""A doubt of about a quarter on what nothing is known of."""

_NOISE_PRECISION: Final = 5.0
"""Success and failure at a chance of 0.3 vary by 0.21: a precision of about five."""


class Belief(NamedTuple):
    """A chance of success from 0 to 1, its standard deviation, and how many lessons it rests on."""

    chance: float
    doubt: float
    lessons: int


class _Kept(msgspec.Struct, array_like=True):
    version: int
    names: tuple[str, ...]
    lessons: int
    precision: bytes
    covariance: bytes
    natural: bytes
    successes: int = 0
    seen: tuple[int, ...] = ()


class Propensity:
    """What was learnt of one action."""

    def __init__(self, names: tuple[str, ...] = FEATURES) -> None:
        """`names` are of the numbers in a context, in order."""
        # river takes a second to import; workers that learn nothing should not wait for it
        from river.linear_model import BayesianLinearRegression

        self._model: Any = BayesianLinearRegression(alpha=_PRIOR_PRECISION, beta=_NOISE_PRECISION)
        self._model._ensure_features(names)
        self._names = names
        self._model._m_dirty = True  # its mean is made when it is first asked
        self.lessons = 0
        self.successes = 0
        self._seen: dict[int, None] = {}

    def learn_once(self, lesson_id: str, context: Sequence[float], reward: float) -> bool:
        """Take a lesson, unless it is one of the last `SEEN_MAX`: what comes again teaches once."""
        mark = int.from_bytes(blake2b(lesson_id.encode(), digest_size=8).digest(), "big")
        if mark in self._seen:
            return False
        self._seen[mark] = None
        while len(self._seen) > SEEN_MAX:
            del self._seen[next(iter(self._seen))]
        self.learn(context, reward)
        return True

    def learn(self, context: Sequence[float], reward: float) -> None:
        """Take one lesson: the reward (0 to 1) that the action earned in a context (see `features`)."""
        self._model.learn_one(dict(zip(self._names, context, strict=True)), reward - START)
        self.lessons += 1
        self.successes += reward > 0.5

    def believe(self, context: Sequence[float]) -> Belief:
        """The chance that the action succeeds in a context."""
        found = self._model.predict_one(
            dict(zip(self._names, context, strict=True)), with_dist=True
        )
        spread = max(0.0, found.sigma**2 - 1 / _NOISE_PRECISION)
        chance = min(1.0, max(0.0, START + float(found.mu)))
        return Belief(chance, sqrt(float(spread)), self.lessons)

    def snapshot(self) -> bytes:
        """Everything learnt, as bytes that are equal when the lessons were."""
        model = self._model
        return msgspec.msgpack.encode(
            _Kept(
                version=1,
                names=self._names,
                lessons=self.lessons,
                precision=model._ss_arr.tobytes(),
                covariance=model._ss_inv_arr.tobytes(order="F"),
                natural=model._eta_arr.tobytes(),
                successes=self.successes,
                seen=tuple(self._seen),
            )
        )

    @staticmethod
    def restore(data: bytes) -> Propensity:
        """What a snapshot holds. Raises `RecordError` when it is damaged or reads other features."""
        found = Propensity()
        model = found._model
        try:
            kept = msgspec.msgpack.decode(data, type=_Kept)
            if kept.version != 1 or kept.names != FEATURES:
                raise ValueError("another version")
            shape = model._ss_arr.shape
            model._ss_arr = np.frombuffer(kept.precision).reshape(shape).copy()
            model._ss_inv_arr = np.frombuffer(kept.covariance).reshape(shape, order="F").copy("F")
            model._eta_arr = np.frombuffer(kept.natural).reshape(shape[:1]).copy()
        except UNREADABLE as error:
            raise RecordError(
                "bad_state",
                field="policy",
                mend="damaged, or learnt by another version of cxstream: let it learn anew",
            ) from error
        model._m_dirty = True
        found.lessons, found.successes = kept.lessons, kept.successes
        found._seen = dict.fromkeys(kept.seen)
        return found
