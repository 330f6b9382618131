"""One battery for both stores: what is kept is what the changelog held at the offset that is kept with it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import faust
import pytest
import rocksdict
from faust.types import TP

from cxstream.engine.place import claim
from cxstream.engine.rocks import RocksRows
from cxstream.engine.stores import MemoryRows, Row, Rows
from cxstream.errors import StateError

LOG = "cx-customers-changelog"
HOUR_MS = 3_600_000
NOW_MS = 1_795_000_000_000


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
        return self.kind(self._app, self._table, LOG, HOUR_MS)


@pytest.fixture(params=[MemoryRows, RocksRows])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    found = Shelf(request.param, tmp_path)
    yield found
    found.close()
    found._app.place.held.close()


@pytest.fixture
def store(shelf: Shelf) -> Rows:
    return shelf.store


def event(
    topic: str, partition: int, offset: int, key: bytes, value: bytes | None, at_ms: int = NOW_MS
) -> object:
    message = SimpleNamespace(
        topic=topic,
        partition=partition,
        offset=offset,
        key=key,
        value=value,
        timestamp=at_ms / 1000,
    )
    return SimpleNamespace(message=message)


def row(key: bytes, value: bytes | None, heard_ms: int = NOW_MS) -> Row:
    return Row(key, value, heard_ms)


def recover(store: Rows, *events: object) -> None:
    store.apply_changelog_batch(events, lambda key: key, lambda value: value)


def test_rows_are_kept_by_partition(store: Rows) -> None:
    store.write(1, [row(b"anna", b"one")], 4)
    assert store.row(1, b"anna") == b"one"
    assert store.row(2, b"anna") is None
    assert store.count() == 1


def test_a_later_row_holds_and_none_deletes(store: Rows) -> None:
    store.write(0, [row(b"a", b"1"), row(b"a", b"2"), row(b"b", b"1")], 2)
    store.write(0, [row(b"b", None)], 3)
    assert (store.row(0, b"a"), store.row(0, b"b")) == (b"2", None)


def test_the_offset_is_kept_with_the_rows_and_never_falls(store: Rows) -> None:
    assert store.persisted_offset(TP(LOG, 3)) is None
    store.write(3, [row(b"a", b"1")], 7)
    store.write(
        3, [row(b"a", b"2")], -1
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
    store.write(0, [row(*kept) for kept in rows], 1)
    store.write(3, [row(b"other", b"x")], 1)
    entries = store.entries(0)
    seen = [next(entries)]
    store.write(0, [row(b"key-00000", None)], 2)
    seen += entries
    assert sorted(seen) == rows
    assert list(store.entries(3)) == [(b"other", b"x")]
    assert list(store.entries(1)) == []


def test_silent_is_what_was_not_written_for_so_long(store: Rows) -> None:
    at_ms = NOW_MS
    for number in range(300):
        heard_ms = at_ms + number * 10_000
        store.write(0, [row(b"%03d" % number, b"x", heard_ms)], number)
    store.write(0, [row(b"000", b"again", at_ms + 299 * 10_000)], 300)
    store.write(0, [row(b"001", None, at_ms + 299 * 10_000)], 301)
    assert store.silent(0, at_ms + HOUR_MS - 1000, 99) == []
    assert store.silent(0, at_ms + HOUR_MS + 39_000, 99) == [b"002", b"003"]
    assert store.silent(0, at_ms + HOUR_MS + 40_000, 2) == [b"002", b"003"], "until it is written"
    store.write(0, [row(b"002", None, at_ms), row(b"003", b"y", at_ms + HOUR_MS)], 302)
    assert store.silent(0, at_ms + HOUR_MS + 40_000, 2) == [b"004"]
    assert store.silent(1, at_ms + 9 * HOUR_MS, 99) == []
    late = store.silent(0, at_ms + 9 * HOUR_MS, 999)
    assert sorted(late) == sorted([b"000", b"003", *(b"%03d" % n for n in range(4, 300))])


def test_rows_that_are_looked_at_once_take_no_room_from_those_in_use(tmp_path: Path) -> None:
    shelf = Shelf(RocksRows, tmp_path)
    store, keys = shelf.store, [b"%04d" % number for number in range(2_000)]
    for key in keys:
        store.write(0, [row(key, os.urandom(1_000))], 1)
    shelf.store = store = shelf.reopen()  # all of it in files, nothing in memory
    assert isinstance(store, RocksRows)
    store.row(0, b"none")
    before = store._memory.cache.get_usage()
    assert sorted(store.silent(0, NOW_MS + 2 * HOUR_MS, 9_999)) == keys
    assert len(list(store.entries(0))) == len(keys)
    assert all(store.row(0, key, seldom=True) for key in keys)
    assert store._memory.cache.get_usage() < before + 100_000
    assert all(store.row(0, key) for key in keys)
    assert store._memory.cache.get_usage() > before + 1_000_000
    shelf.close()
    shelf._app.place.held.close()


def test_silence_is_known_after_a_recovery_and_a_restart(shelf: Shelf) -> None:
    recover(
        shelf.store,
        event(LOG, 0, 1, b"long ago", b"x", NOW_MS),
        event(LOG, 0, 2, b"just now", b"x", NOW_MS),
        event(LOG, 0, 3, b"just now", b"y", NOW_MS + HOUR_MS),
    )
    assert shelf.store.silent(0, NOW_MS + HOUR_MS, 9) == [b"long ago"]
    if shelf.kind is RocksRows:
        assert shelf.reopen().silent(0, NOW_MS + HOUR_MS, 9) == [b"long ago"]


def test_who_never_asks_for_silence_notes_none(shelf: Shelf) -> None:
    app = shelf._app
    shelf.close()
    store = shelf.kind(app, shelf._table, LOG)
    store.write(0, [row(b"a", b"x", 0)], 1)
    assert store.silent(0, NOW_MS, 9) == []
    store.let_go(0)


def test_many_rows_that_speak_again_and_again_are_not_looked_at_each_time(store: Rows) -> None:
    """One that is written all the time has a few entries a silence; they go once they were looked at."""
    for minute in range(600):
        at_ms = NOW_MS + minute * 60_000
        store.write(0, [row(b"%d" % n, b"x", at_ms) for n in range(20)], minute)
        assert store.silent(0, at_ms, 5) == []
    if isinstance(store, RocksRows):
        assert len(list(store._open[0].heard.keys(from_key=b""))) <= 20 * 10
    assert len(store.silent(0, NOW_MS + 600 * 60_000 + HOUR_MS, 99)) == 20


def test_state_of_an_older_version_is_read_anew(shelf: Shelf) -> None:
    if not isinstance(shelf.store, RocksRows):
        return
    old = rocksdict.Rdict(str(shelf.store._path(0)), rocksdict.Options(raw_mode=True))
    old[b"ra"], old[b"o"] = b"a row that does not say when it was written", b"7"
    old.close()
    assert (shelf.store.offset(0), shelf.store.row(0, b"a")) == (None, None)


async def _rebalance(store: Rows, revoked: set[TP]) -> None:
    await store.on_rebalance(set(), revoked, set())


def test_a_partition_that_goes_is_let_go(shelf: Shelf) -> None:
    store = shelf.store
    store.write(0, [row(b"a", b"1")], 1)
    store.write(1, [row(b"b", b"1")], 1)
    asyncio.run(_rebalance(store, {TP(LOG, 0), TP("cx.transcripts", 1)}))
    assert store.row(1, b"b") == b"1"
    on_disk = isinstance(store, RocksRows)
    assert store.row(0, b"a") == (b"1" if on_disk else None), "on disk it waits for its return"
    assert store.offset(0) == (1 if on_disk else None)


def test_on_disk_rows_outlive_the_worker(shelf: Shelf) -> None:
    shelf.store.write(2, [row(b"a", b"1")], 11)
    again = shelf.reopen()
    kept = (again.row(2, b"a"), again.offset(2))
    assert kept == ((b"1", 11) if shelf.kind is RocksRows else (None, None))


def test_keys_may_be_anything(store: Rows) -> None:
    for key in (b"", b"o", b"r", b"\0", "naïve ключ".encode()):
        store.write(0, [row(key, b"x" + key)], 1)
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
