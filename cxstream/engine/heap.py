"""How this process holds memory that the C library keeps for it.

glibc gives each thread a heap of its own, and keeps what was freed for later. A worker that has loaded its
models in one thread would hold 150 MB for ever that nobody uses. Elsewhere than on glibc nothing is done.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Final

ARENAS: Final = 2
"""Heaps of a process: the event loop and the thread that scores are the ones that allocate much."""

_M_ARENA_MAX: Final = -8
"""From glibc's malloc.h."""


def few_arenas() -> bool:
    """Let threads share `ARENAS` heaps from now on, before they are started; False elsewhere."""
    libc = _glibc()
    return libc is not None and bool(libc.mallopt(_M_ARENA_MAX, ARENAS))


def give_back() -> bool:
    """Return what was freed to the machine: some ten milliseconds. True when there was anything."""
    libc = _glibc()
    return libc is not None and bool(libc.malloc_trim(0))


@cache
def _glibc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return None
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
