"""Where rows lie: what both stores share, and the store in memory.

Faust's own stores ask the stream for the current event on each read and write, and there is none inside a
batch. Here a read and a write name the partition. Rows are written once their changelog records are with
Kafka, all rows of a partition together with the changelog's offset: what is stored is always what the
changelog held at that offset, so that recovery may go on from there, wherever the process was killed.

Each row knows when it was last written, by the clock of arrival, and a store finds the rows that were silent
for long without looking through the others: also after a restart, and with a million rows.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import faust
from faust.stores.base import Store
from faust.types import TP, EventT

from cxstream.errors import StateError


class Row(NamedTuple):
    """What to keep under a key (None deletes), and when it was heard: epoch milliseconds of arrival."""

    key: bytes
    value: bytes | None
    heard_ms: int


class Rows(Store):  # type: ignore[misc]
    """A Faust store of bytes by partition and key. Raises `StateError` when rows cannot be kept.

    `silence_ms` is what `silent` will be asked about; without it nobody asks, and nothing is noted for it.
    """

    def __init__(
        self, app: faust.App, table: faust.Table, changelog: str, silence_ms: int | None = None
    ) -> None:
        super().__init__(app.conf.store, app, table)
        self._changelog = changelog
        self._silence_ms = silence_ms
        self._failed: StateError | None = None

    @abstractmethod
    def row(self, partition: int, key: bytes, *, seldom: bool = False) -> bytes | None:
        """The bytes kept under a key, or None.

        `seldom`: they will not be asked for again soon, and should take no room of what is in use.
        """

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
    def entries(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """Key and bytes of every row of a partition; it may be written to meanwhile."""

    @abstractmethod
    def silent(self, partition: int, now_ms: int, most: int) -> list[bytes]:
        """Keys of rows that were not written for `silence_ms`, at most so many.

        The same are given again until they are written or deleted.
        """

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
                heard_ms = int(message.timestamp * 1000)
                row = Row(message.key, message.value, heard_ms)
                rows.setdefault(message.partition, []).append(row)
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

    def __init__(
        self, app: faust.App, table: faust.Table, changelog: str, silence_ms: int | None = None
    ) -> None:
        super().__init__(app, table, changelog, silence_ms)
        self._rows: dict[int, OrderedDict[bytes, tuple[bytes, int]]] = {}  # last written last
        self._offsets: dict[int, int] = {}

    def row(self, partition: int, key: bytes, *, seldom: bool = False) -> bytes | None:
        """The bytes kept under a key, or None; in memory all are at hand."""
        kept = self._rows.get(partition)
        found = None if kept is None else kept.get(key)
        return None if found is None else found[0]

    def write(self, partition: int, rows: Iterable[Row], offset: int) -> None:
        """Keep rows and the offset."""
        kept = self._rows.setdefault(partition, OrderedDict())
        for key, value, heard_ms in rows:
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = (value, heard_ms)
                kept.move_to_end(key)
        self._offsets[partition] = max(offset, self._offsets.get(partition, -1))

    def offset(self, partition: int) -> int | None:
        """Up to which offset the changelog is known here."""
        return self._offsets.get(partition)

    def let_go(self, partition: int) -> None:
        """Forget the partition's rows."""
        self._rows.pop(partition, None)
        self._offsets.pop(partition, None)

    def entries(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """Key and bytes of every row, as they were at the beginning."""
        for key, (value, _) in list(self._rows.get(partition, {}).items()):
            yield key, value

    def silent(self, partition: int, now_ms: int, most: int) -> list[bytes]:
        """Keys of rows that were not written for `silence_ms`, at most so many."""
        if self._silence_ms is None:
            return []
        horizon_ms, found = now_ms - self._silence_ms, list[bytes]()
        for key, (_, heard_ms) in islice(self._rows.get(partition, {}).items(), most):
            if heard_ms > horizon_ms:
                break
            found.append(key)
        return found

    def count(self) -> int:
        """How many rows there are."""
        return sum(len(rows) for rows in self._rows.values())
