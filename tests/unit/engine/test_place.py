"""Workers share a data folder without getting in each other's way."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxstream.engine.place import claim
from cxstream.errors import StateError


def test_each_takes_the_first_free_place_and_finds_it_again(tmp_path: Path) -> None:
    first, second = claim(tmp_path, "cx"), claim(tmp_path, "cx")
    assert [p.folder.name for p in (first, second)] == ["worker-1", "worker-2"]
    assert first.name != second.name
    first.held.close()  # as the kernel does when a process ends
    again = claim(tmp_path, "cx")
    assert (again.folder, again.name) == (first.folder, first.name)
    second.held.close()
    again.held.close()


def test_places_of_other_folders_have_other_names(tmp_path: Path) -> None:
    places = [claim(tmp_path / "a", "cx"), claim(tmp_path / "b", "cx"), claim(tmp_path / "a", "cy")]
    assert len({p.name for p in places}) == 3
    for place in places:
        place.held.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="CXSTREAM_DATA_DIR"):
        claim(tmp_path / "file", "cx")
