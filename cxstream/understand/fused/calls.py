"""The small networks' functions in the compiled library, and layers as they read them.

Called by ctypes with the interpreter held: what takes less than a thread may keep it anyway must not let go of
it, as each product of numpy's does, for whoever wants it back beside a busy loop waits half a millisecond.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cxstream.understand.fused import build

_log = logging.getLogger(__name__)
Array = NDArray[np.float32]
T = TypeVar("T")


class Layer(ctypes.Structure):
    """`Layer` of dense.h: a weight (width, depth) and its offset, both in single precision."""

    _fields_ = (
        ("weight", ctypes.c_void_p),
        ("offset", ctypes.c_void_p),
        ("width", ctypes.c_int64),
        ("depth", ctypes.c_int64),
    )


class Arrays:
    """Arrays that C points into: they live as long as this does."""

    def __init__(self) -> None:
        self._kept: list[NDArray[Any]] = []

    def at(self, array: NDArray[Any], *shape: int, kind: type[np.generic] = np.float32) -> int:
        """Where an array lies, in one piece. ValueError where it has another shape or kind."""
        if array.shape != shape:
            raise ValueError(f"an array of {array.shape} where {shape} is read")
        if array.dtype != kind and not (kind is np.float32 and array.dtype.kind == "f"):
            raise ValueError(f"an array of {array.dtype} where {kind.__name__} is read")
        self._kept.append(np.ascontiguousarray(array, kind))
        return self._kept[-1].ctypes.data

    def layer(self, weight: NDArray[Any], offset: NDArray[Any], depth: int) -> Layer:
        """One, of so many inputs. ValueError where it reads more or fewer."""
        width = len(weight)
        return Layer(self.at(weight, width, depth), self.at(offset, width), width, depth)

    def layers(self, given: Sequence[tuple[Array, Array]]) -> ctypes.Array[Layer]:
        """Several, each reading what the one before gives. ValueError where one does not."""
        depths = [given[0][0].shape[1], *(len(before) for (before, _), _ in pairwise(given))]
        made = [self.layer(*pair, depth) for pair, depth in zip(given, depths, strict=True)]
        return (Layer * len(made))(*made)


def rows_of(x: Array, depth: int) -> Array:
    """Rows in one piece. ValueError where they are not of so many numbers."""
    if x.ndim != 2 or x.shape[1] != depth:
        raise ValueError(f"rows of {depth} numbers are read here, not {x.shape}")
    return np.ascontiguousarray(x, np.float32)


def compiled(make: Callable[[], T]) -> T | None:
    """What `make` gives; None without the library, and for arrays that do not fit, which numpy may refuse."""
    if not build.loaded():
        return None
    try:
        return make()
    except (ValueError, IndexError) as problem:
        _log.warning("numpy serves what does not fit the compiled networks: %s", problem)
        return None


@cache
def functions() -> ctypes.PyDLL:
    """The library's functions, by the names that networks.cpp gives them."""
    found = ctypes.PyDLL(str(build.library()))
    pointer, data, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64
    yes, number = ctypes.c_int32, ctypes.c_float
    given = {
        "head": (pointer, size, pointer, size, pointer, pointer, yes, pointer),
        "gists": (pointer, pointer, size, number, data),
        "light": (pointer, pointer, size, pointer, data, pointer),
        "unit": (pointer, size, size),
        "follow": (pointer, data, data, data, yes, data),
        "odds": (pointer, data, data, data),
        "next": (pointer, data, size, pointer, pointer),
        "sizes": (pointer,),
    }
    for name, types in given.items():
        function = getattr(found, f"cxstream_{name}")
        function.argtypes, function.restype = types, None
    return found


def same_sizes(**ours: int) -> None:
    """ValueError unless what both sides count with, and lay out, is as large in C."""
    names = ("channels", "kept", "told", "given", "layer", "light", "stream")
    found = (ctypes.c_int64 * len(names))()
    functions().cxstream_sizes(found)
    theirs = dict(zip(names, found, strict=True))
    if wrong := {name: size for name, size in ours.items() if theirs[name] != size}:
        raise ValueError(f"C has other sizes than {wrong}")
