"""State in a Faust table, written from inside a batch.

Stock Faust asks the stream for the current event on each write, and there is none inside a batch. Here a
write is told the partition: the value goes into the store and its changelog record to the producer in one
call, and the caller awaits the record before it acknowledges the input.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator

import faust


class StateTable:
    """Bytes by key, one changelog record a write, each key on the partition of the events that moved it."""

    def __init__(self, app: faust.App, name: str, *, partitions: int) -> None:
        self._app = app
        self._table = app.Table(
            name,
            key_type=bytes,
            value_type=bytes,
            partitions=partitions,
        )
        self.changelog: str = changelog_name(app.conf.id, name)

    def get(self, key: bytes) -> bytes | None:
        """The bytes kept under a key, or None."""
        value: bytes | None = self._table.data.get(key)
        return value

    async def put(self, partition: int, key: bytes, value: bytes | None) -> Awaitable[object]:
        """Write (or with None delete) a key; the returned awaitable is done when Kafka has it."""
        store = self._table.data
        if value is None:
            store.data.pop(key, None)
            store._key_partition.pop(key, None)
        else:
            store.data[key] = value
            # stock fills this in recovery only, and would keep the keys of partitions that were lost
            store._key_partition[key] = partition
        sent: Awaitable[object] = await self._app.producer.send(
            self.changelog, key, value, partition, None, None
        )
        return sent

    def entries(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Partition, key and bytes of everything kept here, in no order."""
        store = self._table.data
        for key, value in store.data.items():
            yield store._key_partition.get(key, 0), key, value

    def __len__(self) -> int:
        return len(self._table.data.data)


def changelog_name(app_id: str, table: str) -> str:
    """The topic that a table's writes are kept in."""
    return f"{app_id}-{table}-changelog"
