"""Pages of files that were only read are let go of, and what was written stays."""

from __future__ import annotations

import ctypes
import mmap
from pathlib import Path

from brokers import missing

from cxstream.engine import mapped as libraries

SIZE = 8 * 1024 * 1024
SMAPS = Path("/proc/self/smaps")


def linux() -> None:
    if not SMAPS.exists():
        missing("Linux", "elsewhere nothing is let go of, and nothing is promised")


def resident_kib(path: Path) -> int:
    """How much of a file is in this process's memory."""
    mine, found = False, 0
    for line in SMAPS.read_text().splitlines():
        first, *rest = line.split()
        if not first.endswith(":"):
            mine = bool(rest) and rest[-1] == str(path)
        elif mine and first == "Rss:":
            found += int(rest[0])
    return found


def written(path: Path) -> Path:
    path.write_bytes(bytes(range(256)) * (SIZE // 256))
    return path


def test_a_file_that_was_read_is_let_go_of_and_reads_the_same(tmp_path: Path) -> None:
    linux()
    path = written(tmp_path / "library")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert sum(mapped[:: mmap.PAGESIZE]) == 0  # every page was looked at
        assert resident_kib(path) == SIZE // 1024
        assert libraries.let_go() >= SIZE
        assert resident_kib(path) == 0
        assert mapped[4096:4100] == b"\0\1\2\3"


def test_what_was_written_into_a_mapping_stays_though_it_may_not_be_written_to_now(
    tmp_path: Path,
) -> None:
    """As a loader does it: pieces of a library are adapted in memory, then closed to writing."""
    linux()
    path = written(tmp_path / "adapted")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        mapped[0:4] = b"mine"
        held = ctypes.c_char.from_buffer(mapped)
        libc, place = ctypes.CDLL(None), ctypes.c_void_p(ctypes.addressof(held))
        assert libc.mprotect(place, ctypes.c_size_t(SIZE), mmap.PROT_READ) == 0
        try:
            libraries.let_go()
            assert mapped[0:4] == b"mine"
        finally:
            libc.mprotect(place, ctypes.c_size_t(SIZE), mmap.PROT_READ | mmap.PROT_WRITE)
            del held


def test_where_there_is_no_such_list_nothing_is_done(tmp_path: Path) -> None:
    assert libraries.let_go(tmp_path / "smaps") == 0
