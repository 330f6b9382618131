"""What reads texts behind the encoder, compiled: heads and gists of many texts at once, and the light model.

Each text's numbers are added up in an order that no neighbour can change. What is calculated, `heads`, `stream`
and `light` say.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cxstream.understand.fused import build
from cxstream.understand.fused.calls import (
    Array,
    Arrays,
    Layer,
    compiled,
    functions,
    rows_of,
    same_sizes,
)
from cxstream.understand.heads import Head
from cxstream.understand.network import GIVEN, WORDS

SLICE: Final = 16
"""Texts of one call: after a tenth of a millisecond another thread may have the interpreter."""

Numbers = NDArray[np.float64]

Read = Callable[[Array], list[dict[str, float]]]
"""From the features of texts, a row each, to the probability of each label."""

Press = Callable[[Array], list[bytes]]
"""From the inputs of gists, a row each, to their bytes."""

Think = Callable[[list[int]], tuple[Numbers, bytes, float]]
"""From the words and pairs of a text to the light model's numbers, its gist, and how far it agrees."""


class _Light(ctypes.Structure):
    _fields_ = (
        ("table", ctypes.c_void_p),
        ("scale", ctypes.c_void_p),
        ("known", ctypes.c_void_p),
        ("wide", ctypes.c_int64),
        ("intents", ctypes.c_int64),
        ("tones", ctypes.c_int64),
        ("feelings", ctypes.c_int64),
        ("longest", ctypes.c_int64),
        ("inner", Layer),
        ("outer", Layer),
        ("trust", Layer),
        ("sure", ctypes.c_void_p),
        ("sure_bias", ctypes.c_double),
    )


def reader_of(head: Head) -> Read | None:
    """A head over many texts; None where it is not compiled."""
    return compiled(lambda: _CompiledHead(head))


def press_of(weight: Array, offset: Array) -> Press | None:
    """Gists of their inputs, of which the last GIVEN numbers are not learnt; None where not compiled."""
    return compiled(lambda: _CompiledPress(weight, offset))


def thinker_of(
    arrays: Mapping[str, NDArray[Any]], labels: tuple[int, int, int], doubts: int, longest: int
) -> Think | None:
    """A light model by its arrays, which tells so many intents, tones and feelings; None where not compiled."""
    return compiled(lambda: _CompiledLight(arrays, labels, doubts, longest))


def unit_rows(x: Array) -> None:
    """Stretch each row to the length of one, in place."""
    if build.loaded() and x.flags.c_contiguous and x.dtype == np.float32:
        functions().cxstream_unit(x.ctypes.data, len(x), x.shape[1])
    else:  # each sum is over one row, in an order that no neighbour can change
        x /= np.maximum(np.sqrt(np.square(x).sum(1, keepdims=True)), 1e-12)


class _CompiledHead:
    """A `Read`: what is calculated, `heads.Head.probabilities` says."""

    def __init__(self, head: Head) -> None:
        self._kept = Arrays()
        self._layers = self._kept.layers(head.layers)
        self._labels, count = head.labels, len(head.labels)
        if self._layers[-1].width != count:
            raise ValueError(f"{self._layers[-1].width} outputs for {count} labels")
        same_sizes(layer=ctypes.sizeof(Layer))
        self._calibrated = self._kept.at(head.slope, count), self._kept.at(head.offset, count)
        self._each = head.kind == "each"

    def __call__(self, x: Array) -> list[dict[str, float]]:
        rows, found = rows_of(x, self._layers[0].depth), np.empty((len(x), len(self._labels)))
        how = *self._calibrated, self._each
        for start in range(0, len(rows), SLICE):
            some, out = rows[start : start + SLICE], found[start:]
            given = some.ctypes.data, len(some)
            functions().cxstream_head(
                self._layers, len(self._layers), *given, *how, out.ctypes.data
            )
        return [dict(zip(self._labels, row, strict=True)) for row in found.tolist()]


class _CompiledPress:
    """A `Press`: what is calculated, `network.PlainNetwork.press` says."""

    def __init__(self, weight: Array, offset: Array) -> None:
        self._kept = Arrays()
        self._layer = self._kept.layer(weight, offset, weight.shape[1])
        if self._layer.depth < GIVEN:
            raise ValueError(f"of {self._layer.depth} numbers the last {GIVEN} are given")
        same_sizes(layer=ctypes.sizeof(Layer), given=GIVEN)

    def __call__(self, x: Array) -> list[bytes]:
        rows, size = rows_of(x, self._layer.depth), self._layer.width + GIVEN
        said: list[bytes] = []
        for start in range(0, len(rows), SLICE):
            some = rows[start : start + SLICE]
            out = ctypes.create_string_buffer(size * len(some))
            at = ctypes.byref(self._layer)
            functions().cxstream_gists(at, some.ctypes.data, len(some), WORDS, out)
            said += (out.raw[place : place + size] for place in range(0, len(out), size))
        return said


class _CompiledLight:
    """A `Think`: what is calculated, `light.LightScorer.think` and `trust` say."""

    def __init__(
        self,
        arrays: Mapping[str, NDArray[Any]],
        labels: tuple[int, int, int],
        doubts: int,
        longest: int,
    ) -> None:
        self._kept = kept = Arrays()
        buckets, wide = arrays["table"].shape
        self._told = sum(labels)

        def layer(name: str, depth: int) -> Layer:
            return kept.layer(arrays[name], arrays[f"{name}_bias"], depth)

        inner = layer("inner", wide + 1)
        outer, trust = layer("outer", inner.width), layer("trust", doubts)
        if outer.width < self._told:
            raise ValueError(f"{outer.width} outputs for {self._told} numbers")
        same_sizes(layer=ctypes.sizeof(Layer), light=ctypes.sizeof(_Light))
        self._gist = outer.width - self._told
        self._light = _Light(
            kept.at(arrays["table"], buckets, wide, kind=np.int8),
            kept.at(arrays["scale"], buckets),
            kept.at(arrays["known"], buckets, kind=np.uint8),
            wide,
            *labels,
            longest,
            inner,
            outer,
            trust,
            kept.at(arrays["sure"], trust.width),
            float(arrays["sure_bias"][0]),
        )

    def __call__(self, places: list[int]) -> tuple[Numbers, bytes, float]:
        said, agreement = np.empty(self._told), ctypes.c_double()
        gist = ctypes.create_string_buffer(self._gist)
        given = (ctypes.c_int32 * len(places))(*places), len(places)
        out = said.ctypes.data, gist, ctypes.byref(agreement)
        functions().cxstream_light(ctypes.byref(self._light), *given, *out)
        return said, gist.raw, agreement.value
