"""What is due is found again in the table by whoever holds the partition now, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator

from cxstream.engine.deadlines import AT_ONCE, Deadlines, Due

ROWS = {
    0: [(b"a%05d" % n, b"%d" % n) for n in range(2 * AT_ONCE + 5)],
    1: [(b"b", b"7"), (b"none", b"")],
}


class Table:
    """Rows by partition, and which were asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def entries(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        self.asked.append(partition)
        yield from ROWS[partition]


def due_ms(value: bytes) -> int | None:
    return int(value) if value else None


def keys(deadlines: Deadlines, now_ms: int) -> list[bytes]:
    return [due.key for due in deadlines.over(lambda partition: now_ms, 10**6)]


def test_a_large_table_is_looked_through_in_parts() -> None:
    deadlines, table = Deadlines(), Table()
    rounds = 1
    while deadlines.hold(frozenset({0, 1}), table.entries, due_ms):
        rounds += 1
    assert rounds == 3
    assert len(keys(deadlines, 10**9)) == 2 * AT_ONCE + 6
    assert keys(deadlines, 10**9) == [], "given out once"


def test_only_what_is_new_is_looked_through() -> None:
    deadlines, table = Deadlines(), Table()
    deadlines.hold(frozenset({1}), table.entries, due_ms)
    deadlines.watch(Due(9, 1, b"heard since", 9))
    while deadlines.hold(frozenset({0, 1}), table.entries, due_ms):
        pass
    assert table.asked == [1, 0]
    assert keys(deadlines, 7)[-2:] == [b"a00007", b"b"]
    deadlines.hold(frozenset({1}), table.entries, due_ms)
    assert keys(deadlines, 10**9) == [b"heard since"], "the other partition is somebody else's now"


def test_a_partition_that_goes_while_it_is_looked_through_is_let_be() -> None:
    deadlines, table = Deadlines(), Table()
    assert deadlines.hold(frozenset({0}), table.entries, due_ms)
    assert not deadlines.hold(frozenset(), table.entries, due_ms)
    assert keys(deadlines, 10**9) == []
