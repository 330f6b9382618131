"""A worker's own place on this machine: a folder for its state, and a name that its group knows it by.

Several workers may share a `data_dir`: each takes the first folder that no other holds. After a restart it
takes the same again, finds its state there, and under the same name its group gives it back the same
partitions, without a rebalance.
"""

from __future__ import annotations

import fcntl
import socket
from hashlib import blake2b
from pathlib import Path
from typing import IO, NamedTuple

from cxstream.errors import StateError

_MOST = 256
_ROOM = 1024 * 1024


class Place(NamedTuple):
    """A folder that is ours while `held` is open, and the name that goes with it."""

    folder: Path
    name: str
    held: IO[bytes]


def claim(data_dir: Path, app_id: str) -> Place:
    """The first free place of a data folder; it is ours until this process ends, however it ends.

    Raises `StateError` when the folder cannot be written.
    """
    home = (data_dir / app_id).resolve()
    for number in range(1, _MOST):
        folder = home / f"worker-{number}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held = (folder / "lock").open("wb")
        except OSError as error:
            raise StateError(
                f"data_dir {data_dir} cannot be written ({error.strerror}): set CXSTREAM_DATA_DIR to a"
                " folder of the worker's own"
            ) from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            continue
        _probe(folder)
        return Place(folder, _name(home, number), held)
    raise StateError(
        f"{home} holds {_MOST} workers already: set CXSTREAM_DATA_DIR to another folder"
    )


def _probe(folder: Path) -> None:
    """Find out that a disk is full before the group gives us partitions that we could not work on."""
    probe = folder / "probe"
    try:
        probe.write_bytes(bytes(_ROOM))
    except OSError as error:
        raise StateError(
            f"{folder} has no room for state ({error.strerror}): free some space, or set CXSTREAM_DATA_DIR"
        ) from error
    finally:
        probe.unlink(missing_ok=True)


def _name(home: Path, number: int) -> str:
    """Unique in the group: two hosts differ by name, two folders of one host by a hash of their path."""
    return f"{socket.gethostname()}-{blake2b(bytes(home), digest_size=3).hexdigest()}-{number}"
