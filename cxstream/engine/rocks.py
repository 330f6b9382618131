"""Rows on disk, in RocksDB: one database a partition, in the worker's own folder.

RocksDB through rocksdict, the binding that faust-streaming supports. A write is in the operating system's
hands when it returns: it outlives kill -9 of the worker. A power cut may take the last writes, rows and
offset together, and recovery reads them from the changelog again.

What all databases of a worker may hold in memory together is bounded (`Memory`), however many rows there are.
Rows that are looked at once, because they have been silent, take no room there from those that are in use.

Beside the rows, in a column family of its own, lies when they may have become silent: for each row at least one
entry at or before the second in which it was last written. Who looks takes entries from the oldest on. One
whose row was written since goes to that later second; so a row is looked at some times a silence, not each time
that it is written, and nobody reads the others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import faust
import rocksdict

from cxstream.engine.stores import Row, Rows
from cxstream.errors import StateError

_MIB: Final = 1024 * 1024
_PAGE: Final = 256
_PAGES: Final = 8
"""Pages of entries that are looked at in one call: some ten milliseconds."""
_OFFSET: Final = b"p"
_OLD_OFFSET: Final = b"o"
"""Of 0.1.0, whose rows do not say when they were written."""
_ROW: Final = b"r"
"""First byte of every row's key, so that no key can be the offset's."""
_SECOND: Final = 4
"""Bytes of a second since the epoch: before each row's bytes, and before each entry's key."""
_HEARD: Final = "heard"
_STEPS: Final = 4
"""Entries that a row which is written all the time makes in the length of a silence."""
_log = logging.getLogger(__name__)


class Memory:
    """What all databases of one worker hold in memory: blocks that were read, rows that are in no file yet."""

    def __init__(self, cache_mib: int = 96, unwritten_mib: int = 48) -> None:
        self.cache = rocksdict.Cache(cache_mib * _MIB)
        # reckoned into the cache, so that it is the bound of both
        self.unwritten = rocksdict.WriteBufferManager.new_write_buffer_manager_with_cache(
            unwritten_mib * _MIB, False, self.cache
        )


class _Database(NamedTuple):
    rows: rocksdict.Rdict
    heard: rocksdict.Rdict
    into_heard: Any
    """The column family, as a batch wants it."""


class RocksRows(Rows):
    """Rows in RocksDB. Databases are opened when first used, and closed when their partition goes."""

    def __init__(
        self,
        app: faust.App,
        table: faust.Table,
        changelog: str,
        silence_ms: int | None = None,
        memory: Memory | None = None,
    ) -> None:
        super().__init__(app, table, changelog, silence_ms)
        self._open: dict[int, _Database] = {}
        self._memory = memory or Memory()
        self._seldom = rocksdict.ReadOptions()
        self._seldom.fill_cache(False)  # type: ignore[call-arg]
        self._step_s = max(1, (silence_ms or 0) // 1000 // _STEPS)

    def row(self, partition: int, key: bytes, *, seldom: bool = False) -> bytes | None:
        """The bytes kept under a key, or None; `seldom` leaves what it reads out of the cache."""
        options = self._seldom if seldom else None
        kept: bytes | None = self._database(partition).rows.get(_ROW + key, read_opt=options)
        return None if kept is None else kept[_SECOND:]

    def write(self, partition: int, rows: Iterable[Row], offset: int) -> None:
        """Rows, what is noted of their silence, and offset in one batch: all or nothing."""
        database = self._database(partition)
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value, heard_ms in rows:
            if value is None:
                batch.delete(_ROW + key)
                continue
            second = heard_ms // 1000
            batch.put(_ROW + key, _bytes(second) + value)
            if self._silence_ms is not None:
                entry = _bytes(second - second % self._step_s) + key
                batch.put(entry, b"", database.into_heard)
        batch.put(_OFFSET, b"%d" % max(offset, self.offset(partition) or -1))
        self._put(partition, batch)

    def offset(self, partition: int) -> int | None:
        """Up to which offset the changelog is known here."""
        found: bytes | None = self._database(partition).rows.get(_OFFSET)
        return None if found is None else int(found)

    def let_go(self, partition: int) -> None:
        """Close the partition's database; its rows stay on disk, should it come back."""
        database = self._open.pop(partition, None)
        if database is not None:
            database.rows.close()

    def entries(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """Key and bytes of every row, page by page: no database is held open in between."""
        after: bytes = _ROW
        while partition in self._open and (page := self._page(partition, after)):
            for key, value in page:
                yield key[len(_ROW) :], value[_SECOND:]
            after = page[-1][0] + b"\0"

    def silent(self, partition: int, now_ms: int, most: int) -> list[bytes]:
        """Keys of rows that were not written for `silence_ms`, at most so many."""
        if self._silence_ms is None:
            return []
        heard, horizon = self._database(partition).heard, (now_ms - self._silence_ms) // 1000
        found: list[bytes] = []
        for _ in range(_PAGES):
            entries = heard.keys(from_key=b"", read_opt=self._seldom)
            page: list[bytes] = list(islice(entries, most + _PAGE))  # type: ignore[arg-type]
            due = [entry for entry in page if _second(entry) <= horizon]
            silent = self._look(partition, due, horizon)
            found = list(dict.fromkeys(silent))[:most]
            if len(found) == most or len(due) < len(page) or len(silent) == len(due):
                break
        return found

    def _look(self, partition: int, due: list[bytes], horizon: int) -> list[bytes]:
        """The keys that are silent indeed; the others' entries go to when they were written, or away."""
        database, silent = self._database(partition), list[bytes]()
        batch = rocksdict.WriteBatch(raw_mode=True)
        for entry in due:
            key = entry[_SECOND:]
            # one by one: asked for a list, rocksdict minds no options
            row: bytes | None = database.rows.get(_ROW + key, read_opt=self._seldom)
            if row is not None and _second(row) <= horizon:
                silent.append(key)
                continue
            batch.delete(entry, database.into_heard)
            if row is not None:
                batch.put(row[:_SECOND] + key, b"", database.into_heard)
        if len(silent) < len(due):
            self._put(partition, batch)
        return silent

    def _page(self, partition: int, after: bytes) -> list[tuple[bytes, bytes]]:
        rows = self._open[partition].rows
        found = rows.items(from_key=after, read_opt=self._seldom)
        return list(islice(found, _PAGE))  # type: ignore[arg-type]

    def count(self) -> int:
        """RocksDB's estimate of how many rows there are; a row that was just rewritten may count twice."""
        found = [
            d.rows.property_int_value("rocksdb.estimate-num-keys") for d in self._open.values()
        ]
        return sum(max(0, (n or 0) - 1) for n in found)  # without the offset

    async def on_stop(self) -> None:
        """Close every database, so that the next worker on this folder can open them."""
        for partition in list(self._open):
            self.let_go(partition)

    def _database(self, partition: int) -> _Database:
        database = self._open.get(partition)
        if database is None:
            try:
                database = self._opened(str(self._path(partition)))
            except Exception as error:
                raise self._unusable(partition, error) from error
            self._open[partition] = database
        return database

    def _opened(self, path: str) -> _Database:
        """A database as this version keeps it; one of before is thrown away, and recovery fills it anew."""
        rows = rocksdict.Rdict(path, self._options(), {_HEARD: self._options()})
        if rows.get(_OLD_OFFSET) is not None:
            _log.info(
                "state in %s is of an older version and is read anew from its changelog", path
            )
            rows.close()
            rocksdict.Rdict.destroy(path)
            rows = rocksdict.Rdict(path, self._options(), {_HEARD: self._options()})
        heard = rows.get_column_family(_HEARD)
        return _Database(rows, heard, rows.get_column_family_handle(_HEARD))

    def _put(self, partition: int, batch: rocksdict.WriteBatch) -> None:
        try:
            self._open[partition].rows.write(batch)
        except Exception as error:
            raise self._unusable(partition, error) from error

    def _path(self, partition: int) -> Path:
        if self.app.place is None:
            raise StateError("state on disk needs a place: see engine/place.py")
        folder: Path = self.app.place.folder
        return folder / f"{self._changelog}-{partition}"

    def _unusable(self, partition: int, error: Exception) -> StateError:
        return StateError(
            f"state in {self._path(partition)} cannot be kept ({error}). Is the disk full? Free some space and"
            " start the worker again: nothing is lost, the changelog has it. A damaged folder may be deleted"
        )

    def _options(self) -> rocksdict.Options:
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)
        options.create_missing_column_families(True)
        options.set_write_buffer_size(16 * _MIB)
        options.set_arena_block_size(_MIB // 16)  # each of a hundred databases begins with a block
        options.set_write_buffer_manager(self._memory.unwritten)
        options.set_max_open_files(256)
        options.set_keep_log_file_num(2)
        options.set_max_log_file_size(_MIB)
        options.set_compression_type(rocksdict.DBCompressionType.lz4())
        blocks = rocksdict.BlockBasedOptions()
        blocks.set_block_cache(self._memory.cache)
        # filters and indexes stay outside of the cache: ten bytes a row, which would push each other out of it
        blocks.set_bloom_filter(10, False)
        options.set_block_based_table_factory(blocks)
        return options


def _bytes(second: int) -> bytes:
    return max(0, second).to_bytes(_SECOND, "big")


def _second(data: bytes) -> int:
    return int.from_bytes(data[:_SECOND], "big")
