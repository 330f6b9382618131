"""What a machine carries is reckoned from what was measured on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxstream import bench
from cxstream.settings import Settings


def test_conversations_follow_from_the_cost_of_an_utterance() -> None:
    slow = bench.carried("m-1", "fp32", alone_s=0.010, together_s=0.0035)
    assert slow.utterances_a_second == pytest.approx(200)
    assert slow.conversations == 200 * bench.GAP_S * bench.BUSY
    assert slow.alone_ms == pytest.approx(10)
    fast = bench.carried("m-1", "int8", alone_s=0.005, together_s=0.001)
    assert fast.conversations == 2 * slow.conversations


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_it_measures_what_is_there(tmp_path: Path) -> None:
    """Without models the lexicon is measured, and the report says whose figures they are."""
    report = bench.run(Settings(models_dir=tmp_path), rounds=1).report()
    assert report["model"] == "lexicon-1"
    assert report["precision"] == "none"
    assert report["concurrent_conversations"] > 100  # type: ignore[operator]


def test_the_sentences_are_many_and_each_is_there_once() -> None:
    said = bench.sentences()
    assert len(said) == len(set(said)) > 100
