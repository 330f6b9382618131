"""What a decoder is here: who reads, what it takes, and what it may raise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cxstream.errors import CxError

Read = Callable[[bytes, Path], object]
NOW_MS = 1_795_428_100_000
SECRET = "a-secret-of-the-tests-that-is-long-enough"
"""For everything here that is signed."""


class Decoder(NamedTuple):
    """One decoder: the modules of cxstream whose reading it is, and bytes that it takes."""

    name: str
    modules: tuple[str, ...]
    read: Read
    samples: tuple[bytes, ...] = ()
    raises: tuple[type[Exception], ...] = (CxError,)
    takes: bool = True
    """Whether it takes its first sample; what is signed by nobody is never taken."""


def of_bytes(read: Callable[[bytes], object]) -> Read:
    return lambda value, folder: read(value)


def of_file(read: Callable[[Path], object], name: str) -> Read:
    def written(value: bytes, folder: Path) -> object:
        path = folder / name
        path.write_bytes(value)
        found = read(path)
        return list(found) if isinstance(found, Iterator) else found

    return written


def of_text(read: Callable[[str], object]) -> Read:
    return lambda value, folder: read(value.decode("utf-8", "replace"))
