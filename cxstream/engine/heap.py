"""How this process holds memory that the C library keeps for it.

glibc gives each thread a heap of its own, and keeps what was freed for later. A worker that has loaded its
models in one thread would hold 150 MB for ever that nobody uses. And what comes and goes lies a little
elsewhere each time, so that the heap grows by some 20 MB an hour though no more is used. Elsewhere than on
glibc nothing is done.
"""

from __future__ import annotations

import asyncio
import ctypes
from functools import cache
from typing import Final

ARENAS: Final = 2
"""Heaps of a process: the event loop and the thread that scores are the ones that allocate much."""

EVERY_S: Final = 300.0

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


async def keep_giving_back() -> None:
    """Return what was freed every `EVERY_S`, beside the event loop, until cancelled."""
    while _glibc() is not None:
        await asyncio.sleep(EVERY_S)
        await asyncio.to_thread(give_back)


@cache
def _glibc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return None
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
