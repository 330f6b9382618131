"""The routine: sentences put together from pieces, plain and short enough for the memo."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxstream.learn.routine import WORDS, routine
from cxstream.understand.normalise import normalise


def test_what_people_say_all_day_is_there() -> None:
    found = routine()
    assert found == sorted(set(found))
    for said in (
        "Yes.",
        "No, thank you!",
        "That's all, thanks, bye",
        "My order number is 4471",
        "9 pm",
    ):
        assert normalise(said) in found
    assert all(0 < len(text.split()) <= WORDS for text in found)
    assert found == [normalise(text) for text in found]


def test_pieces_fill_their_places(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(
        "pieces:\n  a: [one day, Hi]\n  b: [bye]\npatterns: ['{a} {b}', '{b}', 'so {a}']\n"
    )
    assert routine(path) == ["bye", "hi bye", "one day bye", "so hi", "so one day"]


def test_a_pattern_without_its_piece_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("pieces: {}\npatterns: ['{a}']\n")
    with pytest.raises(KeyError, match="a"):
        routine(path)
