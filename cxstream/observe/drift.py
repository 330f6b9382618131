"""Drift: do live scores still look like those that the models were judged by?

Five signals: valence, confidence of the intent, abuse, the mix of intents, and the distance of a text's
gist from the reference's mean. Each is turned into its rank in the reference (0 to 1, even where nothing
drifts). Two things are told of it: how far the last `WINDOW` texts lie from the reference (population
stability index: under 0.1 calm, over 0.25 another world), and each change that ADWIN finds (Bifet and
Gavaldà, 2007, by river), whose memory begins with the reference. Counted in texts, never by the clock: the
same texts give the same alarms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import log
from typing import Final

import numpy as np
from river.drift import ADWIN

from cxstream.learn.reference import Reference, distance, ranks
from cxstream.understand.labels import INTENTS
from cxstream.understand.scorer import Reading

WINDOW: Final = 2_000
"""Texts that a distance is measured over; until there are so many, over those that there are."""

EVERY: Final = 100
"""Texts between two tellings of the distances."""

FEWEST: Final = 500
"""Texts before the first distance is told: of fewer, chance alone makes one."""

BEGUN: Final = 1_000
"""Draws of the reference that ADWIN begins with."""

DELTA: Final = 1e-4
"""ADWIN's chance of seeing a change where there is none, at each look."""

_GOLDEN: Final = 0.6180339887498949


class DriftWatch:
    """Compares what is read with a reference.

    `far(signal, distance)` hears each signal's distance every `EVERY` texts, `changed(signal)` each change
    that is found. Not for several threads.
    """

    def __init__(
        self,
        reference: Reference,
        *,
        far: Callable[[str, float], None],
        changed: Callable[[str], None],
    ) -> None:
        self.model = reference.model
        self._numbers = {
            "valence": reference.valence,
            "confidence": reference.confidence,
            "abuse": reference.abuse,
        }
        self._intents = {label: place for place, label in enumerate(INTENTS)}
        self._gists = reference.gists
        self._sides = {name: _Side(bins.counts) for name, bins in self._numbers.items()}
        self._sides["intent"] = _Side(reference.intent)
        if self._gists is not None:
            self._mean = np.array(self._gists.mean, np.float32)
            self._spread = np.array(self._gists.spread, np.float32)
            self._sides["embedding"] = _Side(self._gists.distance.counts)
        self.signals = tuple(self._sides)
        self._far = far
        self._changed = changed
        self._seen = 0

    def saw(self, reading: Reading) -> None:
        """Take in what was read of one text. Answers of the lexicon are not compared."""
        scores = reading.scores
        if scores.degraded:
            return
        self._put("valence", self._numbers["valence"].place(scores.sentiment.valence))
        self._put("confidence", self._numbers["confidence"].place(scores.intent.probability))
        self._put("abuse", self._numbers["abuse"].place(scores.abuse))
        self._put("intent", self._intents[scores.intent.label])
        if self._gists is not None and len(reading.gist) == len(self._mean):
            away = distance(reading.gist, self._mean, self._spread)
            self._put("embedding", self._gists.distance.place(away))
        self._seen += 1
        if self._seen % EVERY == 0:
            for name, side in self._sides.items():
                if len(side.window) >= FEWEST:
                    self._far(name, side.distance())

    def _put(self, name: str, place: int) -> None:
        if self._sides[name].put(place):
            self._changed(name)


class _Side:
    """One signal: its bins in the reference, those of the last texts, and the detector."""

    def __init__(self, expected: Sequence[int]) -> None:
        self._ranks = ranks(expected)
        # half a text in every bin: an empty one would make any distance infinite
        total = sum(expected) + len(expected) / 2
        self._shares = [(count + 0.5) / total for count in expected]
        self._counts = [0] * len(expected)
        self.window: deque[int] = deque()
        self._detector = ADWIN(delta=DELTA)
        until = np.cumsum(expected) / sum(expected)
        for draw in range(BEGUN):  # evenly spread, in no order
            at = (draw + 1) * _GOLDEN % 1.0
            self._detector.update(self._ranks[int(np.searchsorted(until, at, side="right"))])

    def put(self, place: int) -> bool:
        """Take in one text; whether the detector sees a change."""
        self.window.append(place)
        self._counts[place] += 1
        if len(self.window) > WINDOW:
            self._counts[self.window.popleft()] -= 1
        self._detector.update(self._ranks[place])
        return bool(self._detector.drift_detected)

    def distance(self) -> float:
        """The population stability index of the window against the reference; 0 where they are alike."""
        total = len(self.window) + len(self._counts) / 2
        index = 0.0
        for count, expected in zip(self._counts, self._shares, strict=True):
            share = (count + 0.5) / total
            index += (share - expected) * log(share / expected)
        return index
