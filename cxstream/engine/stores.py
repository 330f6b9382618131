"""Where rows lie: the part that both stores share, and the store in memory.

Faust's own stores ask the stream for the current event on each read and write, and there is none inside a
batch. Here a read and a write name the partition. Rows are written once their changelog records are with
Kafka, all rows of a partition together with the changelog's offset: what is stored is always what the
changelog held at that offset, so that recovery may go on from there, wherever the process was killed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator

import faust
from faust.stores.base import Store
from faust.types import TP, EventT

from cxstream.errors import StateError

Row = tuple[bytes, bytes | None]


class Rows(Store):  # type: ignore[misc]
    """A Faust store of bytes by partition and key. Raises `StateError` when rows cannot be kept."""

    def __init__(self, app: faust.App, table: faust.Table, changelog: str) -> None:
        super().__init__(app.conf.store, app, table)
        self._changelog = changelog
        self._failed: StateError | None = None

    @abstractmethod
    def row(self, partition: int, key: bytes) -> bytes | None:
        """The bytes kept under a key, or None."""

    @abstractmethod
    def write(self, partition: int, rows: Iterable[Row], offset: int) -> None:
        """Keep rows (with None delete them), and that the changelog is known up to this offset."""

    @abstractmethod
    def offset(self, partition: int) -> int | None:
        """Up to which offset the changelog is known here."""

    @abstractmethod
    def let_go(self, partition: int) -> None:
        """The partition is somebody else's now."""

    @abstractmethod
    def entries(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Partition, key and bytes of every row."""

    @abstractmethod
    def count(self) -> int:
        """How many rows there are, about."""

    def persisted_offset(self, tp: TP) -> int | None:
        """Where recovery goes on from."""
        return self.offset(tp.partition)

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT],
        to_key: Callable[[object], object],
        to_value: Callable[[object], object],
    ) -> None:
        """Rows out of the changelog, in recovery and on a standby.

        A failure is kept and stops the worker: Faust only logs it, and would take the rows for recovered.
        """
        rows: dict[int, list[Row]] = {}
        reached: dict[int, int] = {}
        for event in batch:
            message = event.message
            if (
                message.topic == self._changelog
            ):  # Faust may hand over another table's (its "XXX bug")
                rows.setdefault(message.partition, []).append((message.key, message.value))
                reached[message.partition] = message.offset
        try:
            for partition, found in rows.items():
                self.write(partition, found, reached[partition])
        except StateError as error:
            self._failed = error
            raise

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Let go of what was taken away."""
        for tp in revoked:
            if tp.topic == self._changelog:
                self.let_go(tp.partition)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Nothing may be read from a store that could not take all rows."""
        if self._failed is not None:
            raise self._failed

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Kept by `write`, with the rows."""

    async def need_active_standby_for(self, tp: TP) -> bool:
        """A standby reads the changelog itself."""
        return True

    def reset_state(self) -> None:
        """Nothing to do: a changelog that was deleted is noticed in recovery."""

    async def backup_partition(
        self, tp: TP | int, flush: bool = True, purge: bool = False, keep: int = 1
    ) -> None:
        """The changelog is the backup."""

    def restore_backup(self, tp: TP | int, latest: bool = True, backup_id: int = 0) -> None:
        """The changelog is the backup."""


class MemoryRows(Rows):
    """Rows in dictionaries. A partition that stays here is not read again when others move."""

    def __init__(self, app: faust.App, table: faust.Table, changelog: str) -> None:
        super().__init__(app, table, changelog)
        self._rows: dict[int, dict[bytes, bytes]] = {}
        self._offsets: dict[int, int] = {}

    def row(self, partition: int, key: bytes) -> bytes | None:
        """The bytes kept under a key, or None."""
        return self._rows.get(partition, {}).get(key)

    def write(self, partition: int, rows: Iterable[Row], offset: int) -> None:
        """Keep rows and the offset."""
        kept = self._rows.setdefault(partition, {})
        for key, value in rows:
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = value
        self._offsets[partition] = max(offset, self._offsets.get(partition, -1))

    def offset(self, partition: int) -> int | None:
        """Up to which offset the changelog is known here."""
        return self._offsets.get(partition)

    def let_go(self, partition: int) -> None:
        """Forget the partition's rows."""
        self._rows.pop(partition, None)
        self._offsets.pop(partition, None)

    def entries(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Partition, key and bytes of every row."""
        for partition, rows in list(self._rows.items()):
            for key, value in list(rows.items()):
                yield partition, key, value

    def count(self) -> int:
        """How many rows there are."""
        return sum(len(rows) for rows in self._rows.values())
