"""Pages of libraries that were read while they were loaded, and that nobody asks for again.

Loading torch reads a good part of two gigabytes of libraries, most of them for graphics cards: 200 MB of what
a worker seems to need are such pages. Pages of a file that nobody has written to can be let go at any time: the
kernel keeps them as long as nothing else wants the memory, and who asks for one gets it again. Elsewhere than
on Linux nothing is done.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_MAPS: Final = Path("/proc/self/smaps")


class _Mapping(NamedTuple):
    """A piece of a file in this process's memory."""

    start: int
    length: int


def let_go(maps: Path = _MAPS) -> int:
    """Let go of every page of a file that was only read; how many bytes of address space that concerns."""
    if not maps.exists() or not hasattr(mmap, "MADV_DONTNEED"):
        return 0
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return sum(
        piece.length
        for piece in _only_read(maps.read_text())
        if madvise(piece.start, piece.length, mmap.MADV_DONTNEED) == 0
    )


def _only_read(smaps: str) -> Iterator[_Mapping]:
    """Mappings of files that cannot be written to and of which no page was: the loader's own are left alone."""
    piece: _Mapping | None = None
    for line in smaps.splitlines():
        first, *rest = line.split()
        if not first.endswith(":"):
            start, end = (int(place, 16) for place in first.split("-"))
            of_file = len(rest) > 4 and rest[4].startswith("/")
            piece = _Mapping(start, end - start) if of_file and "w" not in rest[0] else None
        elif first == "Anonymous:" and piece is not None and rest[0] == "0":
            yield piece
