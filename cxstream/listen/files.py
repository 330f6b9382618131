"""Lines out of files, plain or gzipped, and what readers do with a line that they cannot read."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from cxstream.errors import RecordError
from cxstream.events import Transcript


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


def unreadable(
    value: bytes, place: str, error: RecordError, on_unreadable: OnUnreadable | None
) -> None:
    """Tell of a record that could not be read; raise its error, with its place, if nobody listens."""
    if on_unreadable is not None:
        on_unreadable(Unreadable(value, place, error))
        return
    raise type(error)(error.reason, field=f"{place}: {error.field}", mend=error.mend) from None
