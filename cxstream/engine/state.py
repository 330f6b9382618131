"""State in a Faust table, written from inside a batch: first to its changelog, then to the store.

Stock Faust asks the stream for the current event on each write, and there is none inside a batch. Here a
write is told the partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import faust

from cxstream.engine.stores import Row, Rows

Write = tuple[int, bytes, bytes | None]
"""Partition, key, and the bytes to keep; None deletes."""


class StateTable:
    """Bytes by key, one changelog record a write, each key on the partition of the events that moved it."""

    def __init__(self, app: faust.App, name: str, *, partitions: int, store: type[Rows]) -> None:
        self._app = app
        self.changelog: str = changelog_name(app.conf.id, name)
        table = app.Table(name, key_type=bytes, value_type=bytes, partitions=partitions)
        self._rows = store(app, table, self.changelog)
        table._data = self._rows  # Faust would make one of its own on first use

    def get(self, partition: int, key: bytes) -> bytes | None:
        """The bytes kept under a key, or None. Raises `StateError`."""
        return self._rows.row(partition, key)

    async def write(self, writes: Iterable[Write]) -> None:
        """Keep these rows: when this returns Kafka has them, and so has the store. Raises `StateError`."""
        writes = list(writes)
        sent = [
            await self._app.producer.send(self.changelog, key, value, partition, None, None)
            for partition, key, value in writes
        ]
        rows: dict[int, list[Row]] = {}
        reached: dict[int, int] = {}
        for (partition, key, value), metadata in zip(
            writes, await asyncio.gather(*sent), strict=True
        ):
            rows.setdefault(partition, []).append((key, value))
            reached[partition] = max(metadata.offset, reached.get(partition, -1))
        for partition, found in rows.items():
            self._rows.write(partition, found, reached[partition])

    def entries(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Partition, key and bytes of everything kept here, standbys included, in no order."""
        return self._rows.entries()

    def __len__(self) -> int:
        return self._rows.count()


def changelog_name(app_id: str, table: str) -> str:
    """The topic that a table's writes are kept in."""
    return f"{app_id}-{table}-changelog"
