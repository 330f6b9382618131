"""The stream's network, compiled: a step is microseconds of products where numpy's is dozens of calls."""

from __future__ import annotations

import ctypes
from struct import Struct
from typing import Final

from cxstream.context.foresight import Said
from cxstream.understand.fused.calls import Arrays, Layer, compiled, functions, same_sizes
from cxstream.understand.memory import CHANNELS, KEPT, SUMS, size_of
from cxstream.understand.network import GIVEN, WORDS, Network, Weights, numbers
from cxstream.understand.phrases import TOLD
from cxstream.understand.trajectory import OUTCOMES, measures

_NUMBERS: Final = Struct(f"{len(CHANNELS)}f")
_MEASURED: Final = len(measures({}))
_MEASURES: Final = Struct(f"{_MEASURED}f")
_ODDS: Final = Struct(f"{len(OUTCOMES)}f")
_MARK: Final = 8


class _Stream(ctypes.Structure):
    _fields_ = (
        ("mark", ctypes.c_uint8 * _MARK),
        ("units", ctypes.c_int64),
        ("learnt", ctypes.c_int64),
        ("measured", ctypes.c_int64),
        ("many", ctypes.c_int64),
        ("customer", Layer),
        ("agent", Layer),
        ("hidden", Layer),
        ("risk", Layer),
        ("actions", ctypes.POINTER(Layer)),
    )


def network_of(weights: Weights, mark: bytes) -> Network | None:
    """The network of these weights; None where it is not compiled."""
    return compiled(lambda: _CompiledNetwork(weights, mark))


class _CompiledNetwork:
    """A `network.Network`: what is calculated, `network.PlainNetwork` says."""

    def __init__(self, weights: Weights, mark: bytes) -> None:
        same_sizes(
            layer=ctypes.sizeof(Layer),
            stream=ctypes.sizeof(_Stream),
            channels=len(CHANNELS),
            kept=len(KEPT),
            told=TOLD,
            given=GIVEN,
        )
        self._kept = Arrays()
        layer = self._kept.layer
        units, learnt = weights.hidden.shape[1], len(weights.gist)
        seen, known = learnt + len(CHANNELS), _MEASURED + SUMS + units + TOLD
        customer, agent = (
            layer(weight, weights.step_offset, seen) for weight in (weights.customer, weights.agent)
        )
        hidden = layer(weights.hidden, weights.hidden_offset, units)
        risk = layer(weights.risk, weights.risk_offset, known)
        actions = self._kept.layers(weights.actions)
        widths = customer.width, agent.width, hidden.width, risk.width, actions[0].depth
        if widths != (3 * units, 3 * units, 3 * units, len(OUTCOMES), units):
            raise ValueError(f"weights of {widths} for {units} units")
        self._stream = _Stream(
            (ctypes.c_uint8 * _MARK)(*mark),
            units,
            learnt,
            _MEASURED,
            len(actions),
            customer,
            agent,
            hidden,
            risk,
            actions,
        )
        self._at = ctypes.addressof(self._stream)
        self._mark, self._learnt, self._labels = mark, learnt, actions[-1].width
        self._size, self._gist = size_of(units), learnt + GIVEN + TOLD
        call = functions()
        self._follow, self._odds = call.cxstream_follow, call.cxstream_odds
        self._next = call.cxstream_next

    def follow(self, memory: bytes, said: Said, *, acts: bool) -> bytes:
        gist = said.entry.gist if len(said.entry.gist) == self._gist else None
        compound = words = 0
        if gist is not None:
            compound, words = map(_signed, gist[self._learnt : self._learnt + GIVEN])
        seen = _NUMBERS.pack(*numbers(said, compound / 127, words / WORDS))
        after = ctypes.create_string_buffer(self._size)
        self._follow(self._at, self._ours(memory), gist, seen, acts, after)
        return after.raw

    def odds(self, memory: bytes, measured: tuple[float, ...]) -> list[float]:
        found = ctypes.create_string_buffer(_ODDS.size)
        self._odds(self._at, self._ours(memory), _MEASURES.pack(*measured), found)
        return [*_ODDS.unpack(found.raw)]

    def likeliest(self, memory: bytes, count: int) -> list[tuple[int, float]]:
        count = min(count, self._labels)
        places, chances = (ctypes.c_int32 * count)(), (ctypes.c_double * count)()
        self._next(self._at, self._ours(memory), count, places, chances)
        return [*zip(places, chances, strict=True)]

    def _ours(self, memory: bytes) -> bytes | None:
        known = len(memory) == self._size and memory.startswith(self._mark)
        return memory if known else None


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte
