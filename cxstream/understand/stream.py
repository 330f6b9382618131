"""A conversation read as it streams: what it is heading for, and what the agent will do next.

A small recurrent network (`network`) reads of each utterance a *gist* (a learnt projection of the encoder's
vector, a byte a number), the scores, the pause before it, and who spoke. Beside it a table of phrases says
what such words have come to (`phrases`). What is remembered of all this is a few hundred bytes (`memory`),
rounded after every utterance, so that a replay from any snapshot goes on bit for bit (where the same was
compiled, or nothing was). One step costs the same after the thousandth utterance as after the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log1p
from typing import Final

import numpy as np

from cxstream.context.foresight import Outlook, Ranked, Said
from cxstream.errors import ModelError
from cxstream.events import Risk, Role
from cxstream.understand.encoder import Encoder, Vectors
from cxstream.understand.fused.network import network_of
from cxstream.understand.fused.readers import Press, press_of
from cxstream.understand.heads import Array
from cxstream.understand.model import features
from cxstream.understand.network import Network, PlainNetwork, Weights
from cxstream.understand.phrases import Listener
from cxstream.understand.trajectory import RuleTrajectory, measures

RANKED: Final = 5
"""Next actions that are told."""

_ACTING: Final = frozenset((Role.AGENT.value, Role.BOT.value))
_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class About:
    """What the weights belong to: the encoder, the labels of the actions, the alarm's threshold.

    `mark` is eight bytes of the weights' hash: a memory that other weights have written is begun anew.
    """

    encoder: str
    fingerprint: str
    labels: tuple[str, ...]
    alarm: float
    mark: bytes


class Stream:
    """The network as a `context.foresight.Foresight`, compiled where that is there; `plain` is it by numpy.

    Where no utterance came with a gist (the lexicon gives none) the weights set by hand answer.
    """

    def __init__(self, weights: Weights, about: About) -> None:
        self.weights = weights
        self.about = about
        self.plain = PlainNetwork(weights, about.mark)
        self._network: Network = network_of(weights, about.mark) or self.plain
        self.press: Press = press_of(weights.gist, weights.gist_offset) or self.plain.press
        """The meaning of each row of `gist_inputs`."""
        self._rule = RuleTrajectory()
        self._listener = Listener(weights.phrases)
        # the ledger folds every utterance twice: when it comes, and when it can no longer be revised
        self._followed = lru_cache(_REMEMBERED)(self._follow)
        self._weighed = lru_cache(_REMEMBERED)(self._weigh)

    def fits(self, encoder: Encoder) -> Stream:
        """This stream; ModelError when its gists were learnt on another encoder."""
        if encoder.fingerprint != self.about.fingerprint:
            raise ModelError(
                f"the stream of risk was trained on {self.about.encoder} with weights"
                f" {self.about.fingerprint[:12]}, but the encoder here is {encoder.name} with"
                f" {encoder.fingerprint[:12]}: use that encoder, or train the stream again"
            )
        return self

    def gists(self, vectors: Vectors, normalised: Sequence[str]) -> list[bytes]:
        """What is kept of each text: its meaning, and what its phrases tell."""
        meanings = self.meanings(vectors, normalised)
        return [self.whole(*both) for both in zip(meanings, normalised, strict=True)]

    def whole(self, meaning: bytes, normalised: str) -> bytes:
        """The gist of a text of which the meaning is known, from whoever knows it."""
        return meaning + self._listener.hear(normalised)

    def meanings(self, vectors: Vectors, normalised: Sequence[str]) -> list[bytes]:
        """The part of each gist that the network sees: the encoder's row, projected, a byte a number."""
        return self.press(gist_inputs(vectors, normalised))

    def follow(self, memory: bytes, said: Said) -> bytes:
        return self._followed(memory, said)

    def _follow(self, memory: bytes, said: Said) -> bytes:
        entry = said.entry
        acts = entry.role in _ACTING
        if not acts and entry.role != Role.CUSTOMER:
            return memory
        if not memory and not entry.gist:
            return b""
        return self._network.follow(memory, said, acts=acts)

    def outlook(self, memory: bytes, facts: Mapping[str, object]) -> Outlook:
        measured = measures(facts)
        by_hand = self._rule.weigh(measured)
        if not memory:
            return by_hand
        return Outlook(self._weighed(memory, tuple(measured.values())), by_hand.level)

    def _weigh(self, memory: bytes, measured: tuple[float, ...]) -> Risk:
        return Risk(*map(_chance, self._network.odds(memory, measured)))

    def next_actions(self, memory: bytes) -> Ranked:
        if not memory:
            return ()
        best, labels = self._network.likeliest(memory, RANKED), self.about.labels
        return tuple((labels[number], round(chance, 4)) for number, chance in best)


def _chance(odds: float) -> float:
    return round(1 / (1 + exp(-max(-30.0, min(30.0, odds)))), 4)


def gist_inputs(vectors: Vectors, normalised: Sequence[str]) -> Array:
    """What gists are made of, a row each: what heads read, and how many words there are."""
    rows = features(vectors, normalised)
    words = np.array([log1p(len(text.split())) for text in normalised], np.float32)
    return np.concatenate((rows, words.reshape(len(vectors), 1)), 1)
