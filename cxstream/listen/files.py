"""Lines out of files, plain or gzipped, and what readers do with a line that they cannot read."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from cxstream.errors import RecordError
from cxstream.events import Transcript

LINE_MAX = 4 * 1024 * 1024
"""Bytes of one line; a recorded conversation in one line has some 100,000."""
FILE_MAX = 256 * 1024 * 1024
"""Bytes of a file that has to be held whole, as a CSV."""


class Unreadable(NamedTuple):
    """A record of a file that could not be read: its bytes, its place, and the error."""

    value: bytes
    place: str
    error: RecordError


OnUnreadable = Callable[[Unreadable], None]


class Reader(Protocol):
    """Reads the conversations of one file."""

    def __call__(
        self, path: Path, *, on_unreadable: OnUnreadable | None = None
    ) -> Iterator[Transcript]:
        """Records in the order in which they are to be sent, read lazily.

        Raises RecordError, with file and line in its `field`, for the first record that cannot be read;
        with `on_unreadable` it is told of the record instead, and reading goes on. OSError where the
        file cannot be read.
        """


def open_bytes(path: Path) -> BinaryIO:
    """The file's bytes, unzipped where it begins like a gzip file, whatever its name."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if zipped else path.open("rb")  # type: ignore[return-value]


def lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines with their numbers, from 1. Of one that is too long only the beginning, one byte too long.

    So whoever decodes it says that it is too long, and nobody holds it.
    """
    number = 0
    while line := file.readline(LINE_MAX + 1):
        number += 1
        yield number, line
        while len(line) > LINE_MAX and not line.endswith(b"\n"):
            line = file.readline(LINE_MAX + 1)


def whole(file: BinaryIO, path: Path) -> bytes:
    """All of a file that is held in one piece. Raises `RecordError` when it is too long for that."""
    value = file.read(FILE_MAX + 1)
    if len(value) > FILE_MAX:
        mend = f"split it: a file of this format has at most {FILE_MAX} bytes, unzipped"
        raise RecordError("too_large", field=path.name, mend=mend)
    return value


def unreadable(
    value: bytes, place: str, error: RecordError, on_unreadable: OnUnreadable | None
) -> None:
    """Tell of a record that could not be read; raise its error, with its place, if nobody listens."""
    if on_unreadable is not None:
        on_unreadable(Unreadable(value, place, error))
        return
    raise type(error)(error.reason, field=f"{place}: {error.field}", mend=error.mend) from None
