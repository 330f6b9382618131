"""A step that fails leaves the state as it was, and the record's neighbours keep their effect."""

from __future__ import annotations

import pytest

from cxstream.engine.work import States, Step
from cxstream.pipeline import Outbound

Lines = list[str]


def states(stored: dict[bytes, bytes]) -> States[Lines]:
    return States(
        lambda partition, key: stored.get(key, b"").decode().split(),
        lambda lines: " ".join(lines).encode(),
    )


def add(word: str) -> Step[Lines]:
    def step(lines: Lines) -> list[Outbound]:
        lines.append(word)
        if word == "poison":
            raise RuntimeError("half done")
        return []

    return step


def test_one_write_a_key_whatever_the_number_of_steps() -> None:
    batch = states({b"k": b"old"})
    for word in ("one", "two"):
        batch.step(3, b"k", add(word))
    assert list(batch.writes()) == [(3, b"k", b"old one two")]


def test_a_poison_step_is_undone_and_the_steps_before_it_are_kept() -> None:
    batch = states({b"k": b"old"})
    batch.step(0, b"k", add("one"))
    with pytest.raises(RuntimeError):
        batch.step(0, b"k", add("poison"))
    batch.step(0, b"k", add("two"))
    assert list(batch.writes()) == [(0, b"k", b"old one two")]


def test_a_key_that_was_only_looked_at_is_not_written() -> None:
    batch = states({b"k": b"old"})
    assert batch.get(0, b"k") == ["old"]
    assert list(batch.writes()) == []


def test_what_is_touched_is_as_the_steps_left_it_and_nothing_is_loaded_for_it() -> None:
    loaded: list[bytes] = []

    def load(partition: int, key: bytes) -> Lines:
        loaded.append(key)
        return []

    batch = States(load, lambda lines: " ".join(lines).encode())
    assert batch.touched(0, b"k") is None
    batch.step(0, b"k", add("one"))
    assert batch.touched(0, b"k") == ["one"]
    assert batch.touched(1, b"k") is None, "another partition's"
    assert loaded == [b"k"]
