"""A conversation read as it streams: what it is heading for, and what the agent will do next.

A small recurrent network in plain numpy. Of each utterance it sees a *gist* (a learnt projection of the
encoder's vector, a byte a number), the scores, the pause before it, and who spoke. Beside it a table of
phrases says what such words have come to (`phrases`). What is remembered of all this is a few hundred bytes
(`Memory`), rounded after every utterance, so that a replay from any snapshot goes on bit for bit. One step
costs the same after the thousandth utterance as after the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log1p
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cxstream.context.foresight import Outlook, Ranked, Said
from cxstream.errors import ModelError
from cxstream.events import Risk, Role
from cxstream.understand.encoder import Encoder, Vectors
from cxstream.understand.heads import Array
from cxstream.understand.memory import Memory
from cxstream.understand.phrases import TOLD, Listener, Phrases
from cxstream.understand.tone import tone
from cxstream.understand.trajectory import RuleTrajectory, measures

RANKED: Final = 5
_LIKELY: Final = 0.01
"""Where enough of the labels are as likely, the others are not looked at."""
GIVEN: Final = 2
"""Bytes of a gist that are not learnt: VADER's compound score, and how many words there are."""

_ACTING: Final = frozenset((Role.AGENT.value, Role.BOT.value))
_BYTE: Final = np.float32(1 / 127)
_WORDS: Final = 20.0
_REMEMBERED: Final = 4096
_LOADED: Final = 512
_LONGEST_MS: Final = 3_600_000
_STRETCH: Final = 384**0.5


@dataclass(frozen=True, slots=True)
class Weights:
    """The network's float32 arrays; H units of memory, G learnt numbers a gist, C = len(CHANNELS) of `memory`.

    `gist` (G, encoder + 5) and `gist_offset` project; `customer` and `agent` (3H, G + C) read an utterance
    of that side, `hidden` (3H, H) the memory, with `step_offset` and `hidden_offset` (3H), gates in the order
    reset, update, new. `actions` are (weight, offset) pairs with ReLU between them, the last one divided
    by its temperature; `risk` (3, features) with `risk_offset` (3) gives calibrated log-odds. `phrases` are
    whole numbers.
    """

    gist: Array
    gist_offset: Array
    customer: Array
    agent: Array
    step_offset: Array
    hidden: Array
    hidden_offset: Array
    actions: tuple[tuple[Array, Array], ...]
    risk: Array
    risk_offset: Array
    phrases: Phrases


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
    """The network as a `context.foresight.Foresight`.

    Where no utterance came with a gist (the lexicon gives none) the weights set by hand answer.
    """

    def __init__(self, weights: Weights, about: About) -> None:
        self.weights = weights
        self.about = about
        self.units = weights.hidden.shape[1]
        self._rule = RuleTrajectory()
        self._listener = Listener(weights.phrases)
        self._learnt = weights.gist.shape[0]
        # the ledger folds every utterance twice: when it comes, and when it can no longer be revised
        self._followed = lru_cache(_REMEMBERED)(self._follow)
        self._weighed = lru_cache(_REMEMBERED)(self._weigh)
        self._loaded = lru_cache(_LOADED)(self._load)

    def fits(self, encoder: Encoder) -> Stream:
        """This stream; ModelError when its gists were learnt on another encoder."""
        if encoder.fingerprint != self.about.fingerprint:
            raise ModelError(
                f"the stream of risk was trained on {self.about.encoder} with weights"
                f" {self.about.fingerprint[:12]}, but the encoder here is {encoder.name} with"
                f" {encoder.fingerprint[:12]}: use that encoder, or train the stream again"
            )
        return self

    def gist(self, vector: Vectors, normalised: str) -> bytes:
        """What is kept of one text: its meaning, and what its phrases tell."""
        return self.whole(self.meaning(vector, normalised), normalised)

    def whole(self, meaning: bytes, normalised: str) -> bytes:
        """The gist of a text of which the meaning is known, from whoever knows it."""
        return meaning + self._listener.hear(normalised)

    def meaning(self, vector: Vectors, normalised: str) -> bytes:
        """The part of a gist that the network sees: the encoder's row, projected, a byte a number."""
        return self.press(gist_input(vector, normalised))

    def press(self, seen: Array) -> bytes:
        """The meaning of one `gist_input`."""
        learnt = np.tanh(self.weights.gist @ seen + self.weights.gist_offset)
        given = np.array((seen[-2], min(1.0, _WORDS * float(seen[-1]) / 127)), np.float32)
        return bytes(np.rint(np.concatenate((learnt, given)) * 127).astype(np.int8).tobytes())

    def follow(self, memory: bytes, said: Said) -> bytes:
        return self._followed(memory, said)

    def _follow(self, memory: bytes, said: Said) -> bytes:
        entry = said.entry
        acts = entry.role in _ACTING
        if not acts and entry.role != Role.CUSTOMER:
            return memory
        if not memory and not entry.gist:
            return b""
        held = self._loaded(memory)
        seen = self.channels(said)
        step = self.weights.agent if acts else self.weights.customer
        from_input = step @ seen + self.weights.step_offset
        from_memory = self.weights.hidden @ held.units + self.weights.hidden_offset
        n = self.units
        # by tanh, which no number overflows
        gates = 0.5 + 0.5 * np.tanh(0.5 * (from_input[: 2 * n] + from_memory[: 2 * n]))
        new = np.tanh(from_input[2 * n :] + gates[:n] * from_memory[2 * n :])
        update = gates[n:]
        units = (1 - update) * new + update * held.units
        after = Memory(units, held.kept, held.told, held.customer, held.agent)
        after.count(seen[self._learnt :], self._told(entry.gist), acts=acts)
        return after.dump(self.about.mark)

    def _load(self, memory: bytes) -> Memory:
        return Memory.load(memory, self.about.mark, self.units)

    def outlook(self, memory: bytes, facts: Mapping[str, object]) -> Outlook:
        measured = measures(facts)
        by_hand = self._rule.weigh(measured)
        if not memory:
            return by_hand
        return Outlook(self._weighed(memory, tuple(measured.values())), by_hand.level)

    def _weigh(self, memory: bytes, measured: tuple[float, ...]) -> Risk:
        odds = self.weights.risk @ self.evidence(memory, measured) + self.weights.risk_offset
        return Risk(*map(_chance, odds.tolist()))

    def next_actions(self, memory: bytes) -> Ranked:
        if not memory:
            return ()
        chances = self.chances(memory)
        likely = np.flatnonzero(chances >= _LIKELY)
        if len(likely) < RANKED:
            likely = np.arange(len(chances))
        # not np.argsort: numpy lets go of the interpreter to sort, and waits milliseconds to get it back
        chance = dict(zip(likely.tolist(), chances[likely].tolist(), strict=True))
        best = sorted(chance, key=chance.__getitem__, reverse=True)[:RANKED]
        return tuple((self.about.labels[i], round(chance[i], 4)) for i in best)

    def chances(self, memory: bytes) -> NDArray[np.float64]:
        """The probability of each of the labels as the agent's next action."""
        value = self._loaded(memory).units
        for number, (weight, offset) in enumerate(self.weights.actions):
            if number:
                value = np.maximum(value, 0)
            value = weight @ value + offset
        powers = np.exp(value.astype(np.float64) - float(value.max()))
        return np.asarray(powers / powers.sum())

    def channels(self, said: Said) -> Array:
        """What the network sees of an utterance: its gist, then CHANNELS; an empty gist is all zeros."""
        gist, size = said.entry.gist, self._learnt
        learnt = np.zeros(size + GIVEN, np.float32)
        if len(gist) == size + GIVEN + TOLD:
            learnt = np.frombuffer(gist, np.int8, size + GIVEN) * _BYTE
        compound, words = learnt[size:].tolist()
        return np.concatenate((learnt[:size], numbers(said, compound, words * 127 / _WORDS)))

    def _told(self, gist: bytes) -> Array:
        if len(gist) != self._learnt + GIVEN + TOLD:
            return np.zeros(TOLD, np.float32)
        return np.frombuffer(gist, np.int8, TOLD, self._learnt + GIVEN) * _BYTE

    def evidence(self, memory: bytes, measured: tuple[float, ...]) -> Array:
        """What the risk is weighed on: the measures of the facts, the memory's sums, units, and phrases."""
        held = self._loaded(memory)
        given = np.array(measured, np.float32)
        return np.concatenate((given, held.sums(), held.units, held.told))


def _chance(odds: float) -> float:
    return round(1 / (1 + exp(-max(-30.0, min(30.0, odds)))), 4)


def numbers(said: Said, compound: float, words: float) -> Array:
    """The CHANNELS of an utterance, given VADER's compound score and the logarithm of 1 + its words."""
    entry = said.entry
    gap_s = min(max(said.gap_ms, 0), _LONGEST_MS) / 1000
    return np.array(
        (
            log1p(gap_s) / 3 - 1,
            said.repeated,
            words / 2 - 1,
            -compound,
            -entry.valence / 500,
            entry.anger / 500,
            entry.dissatisfaction / 500,
            entry.distress / 500,
            entry.confusion / 500,
            entry.abuse / 500,
        ),
        np.float32,
    )


def gist_input(vector: Vectors, normalised: str) -> Array:
    """What a gist is made of: the encoder's row at a spread of about 1, VADER's numbers, how many words."""
    neg, neu, pos, compound = tone(normalised)
    words = log1p(len(normalised.split()))
    given = np.array((neg, neu, pos, compound, words), np.float32)
    return np.concatenate((vector * np.float32(_STRETCH), given))
