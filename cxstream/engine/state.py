"""State in a Faust table, written from inside a batch: first to its changelog, then to the store.

Stock Faust asks the stream for the current event on each write, and there is none inside a batch. Here a
write is told the partition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import faust

from cxstream.engine.stores import Row, Rows

Write = tuple[int, bytes, bytes | None]
"""Partition, key, and the bytes to keep; None deletes."""

Clock = Callable[[int], int]
"""A partition's time of arrival, epoch milliseconds."""


class MakeRows(Protocol):
    """Which store a table lies in."""

    def __call__(
        self, app: faust.App, table: faust.Table, changelog: str, silence_ms: int | None
    ) -> Rows:
        """The store of one table."""


class StateTable:
    """Bytes by key, one changelog record a write, each key on the partition of the events that moved it.

    `silence_ms`: for how long a key is not written before it is `silent`; None when nobody asks.
    """

    def __init__(
        self,
        app: faust.App,
        name: str,
        *,
        partitions: int,
        store: MakeRows,
        silence_ms: int | None = None,
    ) -> None:
        self._app = app
        self.changelog: str = changelog_name(app.conf.id, name)
        table = app.Table(name, key_type=bytes, value_type=bytes, partitions=partitions)
        self._rows = store(app, table, self.changelog, silence_ms)
        table._data = self._rows  # Faust would make one of its own on first use

    def get(self, partition: int, key: bytes, *, seldom: bool = False) -> bytes | None:
        """The bytes kept under a key, or None (`seldom`: see `Rows.row`). Raises `StateError`."""
        return self._rows.row(partition, key, seldom=seldom)

    async def write(self, writes: Iterable[Write], clock: Clock) -> None:
        """Keep these rows, written now by the clock of arrival of their partition.

        When this returns Kafka has them, and so has the store. Raises `StateError`.
        """
        writes = list(writes)
        parcels = self._app.producer.parcels()
        for partition, key, value in writes:
            await parcels.put(self.changelog, key, value, partition=partition)
        reached = await parcels.sent()
        rows: dict[int, list[Row]] = {}
        for partition, key, value in writes:
            rows.setdefault(partition, []).append(Row(key, value, clock(partition)))
        for partition, found in rows.items():
            self._rows.write(partition, found, reached[self.changelog, partition])

    def entries(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """Key and bytes of everything kept of a partition, in no order."""
        return self._rows.entries(partition)

    def silent(self, partition: int, now_ms: int, most: int) -> list[bytes]:
        """Some keys that were not written for the table's silence; again and again until they are."""
        return self._rows.silent(partition, now_ms, most)

    def __len__(self) -> int:
        return self._rows.count()


def changelog_name(app_id: str, table: str) -> str:
    """The topic that a table's writes are kept in."""
    return f"{app_id}-{table}-changelog"
