"""One battery for both stores: what is kept is what the changelog held at the offset that is kept with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import faust
import pytest
from faust.types import TP

from cxstream.engine.place import claim
from cxstream.engine.rocks import RocksRows
from cxstream.engine.stores import MemoryRows, Rows
from cxstream.errors import StateError

LOG = "cx-customers-changelog"


class Shelf:
    """A store that can be closed and opened again, as by the next worker on its folder."""

    def __init__(self, kind: type[Rows], folder: Path) -> None:
        self.kind = kind
        self._app = faust.App("cx", broker="aiokafka://127.0.0.1:1", autodiscover=False)
        self._app.place = claim(folder, "cx")
        self._table = self._app.Table("customers", partitions=4)
        self.store = self._make()

    def reopen(self) -> Rows:
        self.close()
        self.store = self._make()
        return self.store

    def close(self) -> None:
        for partition in range(4):
            if isinstance(self.store, RocksRows):
                self.store.let_go(partition)

    def _make(self) -> Rows:
        return self.kind(self._app, self._table, LOG)


@pytest.fixture(params=[MemoryRows, RocksRows])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    found = Shelf(request.param, tmp_path)
    yield found
    found.close()
    found._app.place.held.close()


@pytest.fixture
def store(shelf: Shelf) -> Rows:
    return shelf.store


def event(topic: str, partition: int, offset: int, key: bytes, value: bytes | None) -> object:
    message = SimpleNamespace(topic=topic, partition=partition, offset=offset, key=key, value=value)
    return SimpleNamespace(message=message)


def recover(store: Rows, *events: object) -> None:
    store.apply_changelog_batch(events, lambda key: key, lambda value: value)


def test_rows_are_kept_by_partition(store: Rows) -> None:
    store.write(1, [(b"anna", b"one")], 4)
    assert store.row(1, b"anna") == b"one"
    assert store.row(2, b"anna") is None
    assert store.count() == 1


def test_a_later_row_holds_and_none_deletes(store: Rows) -> None:
    store.write(0, [(b"a", b"1"), (b"a", b"2"), (b"b", b"1")], 2)
    store.write(0, [(b"b", None)], 3)
    assert (store.row(0, b"a"), store.row(0, b"b")) == (b"2", None)


def test_the_offset_is_kept_with_the_rows_and_never_falls(store: Rows) -> None:
    assert store.persisted_offset(TP(LOG, 3)) is None
    store.write(3, [(b"a", b"1")], 7)
    store.write(
        3, [(b"a", b"2")], -1
    )  # an idempotent producer may not know the offset of a repetition
    assert store.persisted_offset(TP(LOG, 3)) == 7


def test_recovery_takes_its_own_changelog_only(store: Rows) -> None:
    recover(
        store,
        event(LOG, 0, 5, b"a", b"old"),
        event("cx-conversations-changelog", 0, 9, b"a", b"another table's"),
        event(LOG, 1, 3, b"b", b"1"),
        event(LOG, 0, 6, b"a", b"new"),
        event(LOG, 1, 4, b"b", None),
    )
    assert (store.row(0, b"a"), store.row(1, b"b")) == (b"new", None)
    assert [store.offset(p) for p in (0, 1)] == [6, 4]


def test_every_row_is_an_entry_also_while_others_are_written(store: Rows) -> None:
    rows = [(b"key-%05d" % n, b"%d" % n) for n in range(2500)]
    store.write(0, rows, 1)
    store.write(3, [(b"other", b"x")], 1)
    entries = store.entries()
    seen = [next(entries)]
    store.write(0, [(b"key-00000", None)], 2)
    seen += entries
    assert sorted(seen) == [*((0, *row) for row in rows), (3, b"other", b"x")]


async def _rebalance(store: Rows, revoked: set[TP]) -> None:
    await store.on_rebalance(set(), revoked, set())


def test_a_partition_that_goes_is_let_go(shelf: Shelf) -> None:
    store = shelf.store
    store.write(0, [(b"a", b"1")], 1)
    store.write(1, [(b"b", b"1")], 1)
    asyncio.run(_rebalance(store, {TP(LOG, 0), TP("cx.transcripts", 1)}))
    assert store.row(1, b"b") == b"1"
    on_disk = isinstance(store, RocksRows)
    assert store.row(0, b"a") == (b"1" if on_disk else None), "on disk it waits for its return"
    assert store.offset(0) == (1 if on_disk else None)


def test_on_disk_rows_outlive_the_worker(shelf: Shelf) -> None:
    shelf.store.write(2, [(b"a", b"1")], 11)
    again = shelf.reopen()
    kept = (again.row(2, b"a"), again.offset(2))
    assert kept == ((b"1", 11) if shelf.kind is RocksRows else (None, None))


def test_keys_may_be_anything(store: Rows) -> None:
    for key in (b"", b"o", b"r", b"\0", "naïve ключ".encode()):
        store.write(0, [(key, b"x" + key)], 1)
        assert store.row(0, key) == b"x" + key
    assert store.offset(0) == 1


def test_a_store_that_could_not_take_a_row_stops_the_worker(tmp_path: Path) -> None:
    """Faust logs the failure of a store in recovery, and takes its rows for recovered."""
    shelf = Shelf(RocksRows, tmp_path)
    assert isinstance(shelf.store, RocksRows)
    blocked = shelf.store._path(0)
    blocked.write_text("a file where a folder has to be")
    with pytest.raises(StateError, match="nothing is lost, the changelog has it"):
        recover(shelf.store, event(LOG, 0, 1, b"a", b"1"))
    with pytest.raises(StateError):
        asyncio.run(shelf.store.on_recovery_completed(set(), set()))
    shelf._app.place.held.close()
