"""Which model answers a text: the light one the routine, the transformer the rest, a remote one its doubts.

    text ─▶ light ── sure enough ─────────────────────────────▶ scores
              └─ no ─▶ transformer ── sure enough, or no remote ─▶ scores
                            └─ no ─▶ remote ── in time and sound ─▶ scores
                                        └─ no ─▶ the transformer's scores

`Scores.model` names who answered. What the light model and the transformer say depends on the text alone, so
a replay gives the same; a remote model answers over a network, and gives no such promise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Literal, Protocol

from cxstream.events import Scores
from cxstream.understand.light import LightScorer, routine
from cxstream.understand.lighter import LighterScorer, Whole
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Reading, Scorer, readings

Step = Literal["light", "transformer", "remote"]
STEPS: Final[tuple[Step, ...]] = ("light", "transformer", "remote")

UNSURE: Final = 0.4
"""Below this probability of its best intent the transformer's answer is put to the remote model."""

_REMEMBERED: Final = 4096
"""Texts of which is kept what the light model makes of them, and be it that they are not for it."""


class Remote(Protocol):
    """A heavier model behind a deadline; see `remote.RemoteScorer`."""

    name: str

    def ask(self, asked: Sequence[tuple[str, Scores]]) -> list[Scores | None]:
        """Its scores of each text, in order; None where it was late or its answer was not sound.

        Beside each text stand the transformer's scores. Never raises.
        """


def _untold(step: Step, texts: int) -> None:
    del step, texts


class RoutedScorer:
    """Light, then transformer, then perhaps a remote model (see `scorer.Scorer`, `scorer.Reader`).

    `threshold` is the agreement from which the light model's answer stands; None: the light model's own.
    `told(step, texts)` hears after each batch how many texts each step answered, zero included. `whole`
    makes the light model's gists whole (see `lighter.Whole`). ModelError when the light model repeats
    another transformer than the one given.
    """

    def __init__(
        self,
        light: LightScorer | None,
        heavy: Scorer,
        remote: Remote | None = None,
        *,
        threshold: float | None = None,
        unsure: float = UNSURE,
        whole: Whole | None = None,
        told: Callable[[Step, int], None] | None = None,
    ) -> None:
        self.light = light and light.fits(heavy)
        self.heavy = heavy
        self.remote = remote
        self.threshold = threshold if threshold is not None or light is None else light.threshold
        self.unsure = unsure
        self.whole = whole
        self.told = told or _untold
        self.name = heavy.name
        self._light_reading = lru_cache(_REMEMBERED)(self._light_reads)

    def lighter(self) -> LighterScorer | None:
        """What answers in the transformer's place when there is no time for it, if there is a light model."""
        if self.light is None or self.threshold is None:
            return None
        return LighterScorer(self.light, threshold=self.threshold, whole=self.whole)

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [reading.scores for reading in self.read(texts)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """The scores and the gist of each text."""
        found = [self._lightly(text) for text in texts]
        hard = [place for place, reading in enumerate(found) if reading is None]
        heavy = readings(self.heavy, [texts[place] for place in hard]) if hard else []
        better = self._better([texts[place] for place in hard], heavy)
        for place, reading in zip(hard, better, strict=True):
            found[place] = reading
        asked = sum(now is not before for now, before in zip(better, heavy, strict=True))
        self.told("light", len(texts) - len(hard))
        self.told("transformer", len(hard) - asked)
        self.told("remote", asked)
        return [reading for reading in found if reading is not None]

    def _lightly(self, text: str) -> Reading | None:
        if self.light is None or self.threshold is None:
            return None
        plain = normalise(text)
        return self._light_reading(plain) if routine(plain) else None

    def _light_reads(self, plain: str) -> Reading | None:
        assert self.light is not None and self.threshold is not None
        answer = self.light.opinion(plain)
        if answer.agreement < self.threshold:
            return None
        return Reading(answer.scores, self.whole(answer.gist, plain) if self.whole else b"")

    def _better(self, texts: list[str], heavy: list[Reading]) -> list[Reading]:
        """The remote model's scores where the transformer was unsure and the remote model answered."""
        if self.remote is None:
            return heavy
        found = list(heavy)
        unsure = [
            place
            for place, reading in enumerate(heavy)
            if reading.scores.intent.probability < self.unsure and texts[place].strip()
        ]
        if unsure:
            answers = self.remote.ask([(texts[place], heavy[place].scores) for place in unsure])
            for place, scores in zip(unsure, answers, strict=True):
                if scores is not None:
                    found[place] = Reading(scores, heavy[place].gist)
        return found
