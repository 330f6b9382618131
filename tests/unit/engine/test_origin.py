"""A folder remembers whose state it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxstream.engine.origin import belongs
from cxstream.errors import StateError


def test_a_folder_is_of_the_first_cluster_that_it_was_used_with(tmp_path: Path) -> None:
    belongs(tmp_path, "one")
    belongs(tmp_path, "one")
    with pytest.raises(StateError, match=r"of the Kafka cluster one, but the brokers are of two"):
        belongs(tmp_path, "two")
    belongs(tmp_path, "one")


def test_what_a_full_disk_left_behind_is_written_again(tmp_path: Path) -> None:
    (tmp_path / "kafka-cluster").write_text("")
    belongs(tmp_path, "one")
    with pytest.raises(StateError):
        belongs(tmp_path, "two")


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="kafka-cluster cannot be used"):
        belongs(tmp_path / "missing", "one")
