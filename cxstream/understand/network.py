"""The small recurrent network that reads a conversation, utterance by utterance, in plain numpy.

Of each utterance it sees a *gist* (a byte a number), the scores, the pause before it, and who spoke. What it
remembers is a few hundred bytes (`memory`), rounded after every utterance. `fused.network` does the same,
compiled, in a sixth of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log1p
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from cxstream.context.foresight import Said
from cxstream.understand.heads import Array
from cxstream.understand.memory import Memory
from cxstream.understand.phrases import TOLD, Phrases

GIVEN: Final = 2
"""Bytes of a gist that are not learnt: VADER's compound score, and how many words there are."""

WORDS: Final = 20.0
"""Steps of a byte in one logarithm of a number of words."""

_LOADED: Final = 512
_LONGEST_MS: Final = 3_600_000
_BYTE: Final = np.float32(1 / 127)


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


class Network(Protocol):
    """What a stream asks of its weights. Memories are bytes; damaged or foreign ones count as none.

    The same input gives the same bits; two networks may differ in the last.
    """

    def follow(self, memory: bytes, said: Said, *, acts: bool) -> bytes:
        """The memory after one more utterance, of the customer's side or of the one that `acts`."""

    def odds(self, memory: bytes, measured: tuple[float, ...]) -> list[float]:
        """The log-odds of the three outcomes, given the measures of the facts."""

    def likeliest(self, memory: bytes, count: int) -> list[tuple[int, float]]:
        """The agent's likeliest next actions by number, with their probabilities, the highest first."""


class PlainNetwork:
    """A `Network` of numpy's products; training and judging read its parts."""

    def __init__(self, weights: Weights, mark: bytes) -> None:
        self._weights = weights
        self._mark = mark
        self._learnt = weights.gist.shape[0]
        self._units = weights.hidden.shape[1]
        self._loaded = lru_cache(_LOADED)(self._load)

    def press(self, seen: Array) -> list[bytes]:
        """The meaning of each row of `stream.gist_inputs`, a byte a number."""
        return [self._pressed(row) for row in seen]

    def follow(self, memory: bytes, said: Said, *, acts: bool) -> bytes:
        held, weights, n = self._loaded(memory), self._weights, self._units
        seen = self.channels(said)
        step = weights.agent if acts else weights.customer
        from_input = step @ seen + weights.step_offset
        from_memory = weights.hidden @ held.units + weights.hidden_offset
        # by tanh, which no number overflows
        gates = 0.5 + 0.5 * np.tanh(0.5 * (from_input[: 2 * n] + from_memory[: 2 * n]))
        new = np.tanh(from_input[2 * n :] + gates[:n] * from_memory[2 * n :])
        update = gates[n:]
        units = (1 - update) * new + update * held.units
        after = Memory(units, held.kept, held.told, held.customer, held.agent)
        after.count(seen[self._learnt :], self._told(said.entry.gist), acts=acts)
        return after.dump(self._mark)

    def odds(self, memory: bytes, measured: tuple[float, ...]) -> list[float]:
        odds = self._weights.risk @ self.evidence(memory, measured) + self._weights.risk_offset
        found: list[float] = odds.tolist()
        return found

    def likeliest(self, memory: bytes, count: int) -> list[tuple[int, float]]:
        # not np.argsort: numpy lets go of the interpreter to sort, and waits milliseconds to get it back
        chances = self.chances(memory).tolist()
        best = sorted(range(len(chances)), key=chances.__getitem__, reverse=True)[:count]
        return [(number, chances[number]) for number in best]

    def chances(self, memory: bytes) -> NDArray[np.float64]:
        """The probability of each of the labels as the agent's next action."""
        value = self._loaded(memory).units
        for number, (weight, offset) in enumerate(self._weights.actions):
            if number:
                value = np.maximum(value, 0)
            value = weight @ value + offset
        powers = np.exp(value.astype(np.float64) - float(value.max()))
        return np.asarray(powers / powers.sum())

    def channels(self, said: Said) -> Array:
        """What is seen of an utterance: its gist, then CHANNELS; an empty gist is all zeros."""
        gist, size = said.entry.gist, self._learnt
        learnt = np.zeros(size + GIVEN, np.float32)
        if len(gist) == size + GIVEN + TOLD:
            learnt = np.frombuffer(gist, np.int8, size + GIVEN) * _BYTE
        compound, words = learnt[size:].tolist()
        beside = np.array(numbers(said, compound, words * 127 / WORDS), np.float32)
        return np.concatenate((learnt[:size], beside))

    def evidence(self, memory: bytes, measured: tuple[float, ...]) -> Array:
        """What the risk is weighed on: the measures of the facts, the memory's sums, units, and phrases."""
        held = self._loaded(memory)
        given = np.array(measured, np.float32)
        return np.concatenate((given, held.sums(), held.units, held.told))

    def _pressed(self, seen: Array) -> bytes:
        learnt = np.tanh(self._weights.gist @ seen + self._weights.gist_offset)
        given = np.array((seen[-2], min(1.0, WORDS * float(seen[-1]) / 127)), np.float32)
        return bytes(np.rint(np.concatenate((learnt, given)) * 127).astype(np.int8).tobytes())

    def _told(self, gist: bytes) -> Array:
        if len(gist) != self._learnt + GIVEN + TOLD:
            return np.zeros(TOLD, np.float32)
        return np.frombuffer(gist, np.int8, TOLD, self._learnt + GIVEN) * _BYTE

    def _load(self, memory: bytes) -> Memory:
        return Memory.load(memory, self._mark, self._units)


def numbers(said: Said, compound: float, words: float) -> tuple[float, ...]:
    """The CHANNELS of an utterance, given VADER's compound score and the logarithm of 1 + its words."""
    entry = said.entry
    gap_s = min(max(said.gap_ms, 0), _LONGEST_MS) / 1000
    return (
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
    )
