"""Rows on disk, in RocksDB: one database a partition, in the worker's own folder.

RocksDB through rocksdict, the binding that faust-streaming supports. A write is in the operating system's
hands when it returns: it outlives kill -9 of the worker. A power cut may take the last writes, rows and
offset together, and recovery reads them from the changelog again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import faust
import rocksdict

from cxstream.engine.stores import Row, Rows
from cxstream.errors import StateError

_MIB = 1024 * 1024
_PAGE = 1000
_OFFSET = b"o"
_ROW = b"r"
"""First byte of every row's key, so that no key can be the offset's."""


class RocksRows(Rows):
    """Rows in RocksDB. Databases are opened when first used, and closed when their partition goes."""

    def __init__(self, app: faust.App, table: faust.Table, changelog: str) -> None:
        super().__init__(app, table, changelog)
        self._open: dict[int, rocksdict.Rdict] = {}
        self._cache = rocksdict.Cache(64 * _MIB)

    def row(self, partition: int, key: bytes) -> bytes | None:
        """The bytes kept under a key, or None."""
        value: bytes | None = self._database(partition).get(_ROW + key)
        return value

    def write(self, partition: int, rows: Iterable[Row], offset: int) -> None:
        """Rows and offset in one batch: both or neither."""
        database = self._database(partition)
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in rows:
            if value is None:
                batch.delete(_ROW + key)
            else:
                batch.put(_ROW + key, value)
        batch.put(_OFFSET, b"%d" % max(offset, self.offset(partition) or -1))
        try:
            database.write(batch)
        except Exception as error:
            raise self._unusable(partition, error) from error

    def offset(self, partition: int) -> int | None:
        """Up to which offset the changelog is known here."""
        found: bytes | None = self._database(partition).get(_OFFSET)
        return None if found is None else int(found)

    def let_go(self, partition: int) -> None:
        """Close the partition's database; its rows stay on disk, should it come back."""
        database = self._open.pop(partition, None)
        if database is not None:
            database.close()

    def entries(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Partition, key and bytes of every row, page by page: no database is held open in between."""
        for partition in list(self._open):
            after: bytes = _ROW
            while partition in self._open and (page := self._page(partition, after)):
                for key, value in page:
                    yield partition, key[len(_ROW) :], value
                after = page[-1][0] + b"\0"

    def _page(self, partition: int, after: bytes) -> list[tuple[bytes, bytes]]:
        return list(islice(self._open[partition].items(from_key=after), _PAGE))  # type: ignore[arg-type]

    def count(self) -> int:
        """RocksDB's estimate of how many rows there are; a row that was just rewritten may count twice."""
        found = [d.property_int_value("rocksdb.estimate-num-keys") for d in self._open.values()]
        return sum(max(0, (n or 0) - 1) for n in found)  # without the offset

    async def on_stop(self) -> None:
        """Close every database, so that the next worker on this folder can open them."""
        for partition in list(self._open):
            self.let_go(partition)

    def _database(self, partition: int) -> rocksdict.Rdict:
        database = self._open.get(partition)
        if database is None:
            try:
                database = rocksdict.Rdict(str(self._path(partition)), self._options())
            except Exception as error:
                raise self._unusable(partition, error) from error
            self._open[partition] = database
        return database

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
        options.set_write_buffer_size(16 * _MIB)
        options.set_max_open_files(256)
        options.set_keep_log_file_num(2)
        options.set_max_log_file_size(_MIB)
        options.set_compression_type(rocksdict.DBCompressionType.lz4())
        blocks = rocksdict.BlockBasedOptions()
        blocks.set_block_cache(self._cache)
        blocks.set_bloom_filter(10, False)
        options.set_block_based_table_factory(blocks)
        return options
