"""The deletion test: a method that finds the words that decide lets the score fall faster than chance."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cxstream.events import Scores
from cxstream.learn.deletion import METHODS, SHARES, Case, deletion_section, deletion_test, falls
from cxstream.understand.labels import EMOTIONS, INTENTS
from cxstream.understand.scorer import to_scores

WORDS = ("my", "bill", "is", "awful", "and", "so", "are", "you", "all", "here")


class Hears:
    """Negative, and a dispute, where a text has the word "awful"."""

    name = "hears-1"

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [self._one("awful" in text) for text in texts]

    def _one(self, awful: bool) -> Scores:
        intent = "billing_dispute" if awful else "out_of_scope"
        return to_scores(
            intents={label: float(label == intent) for label in INTENTS},
            sentiment={"negative": 0.9 * awful, "neutral": 1 - 0.9 * awful, "positive": 0.0},
            emotions=dict.fromkeys(EMOTIONS, 0.0),
            abuse=0.0,
            model=self.name,
        )


def test_methods_that_find_the_word_fall_at_once() -> None:
    cases = [Case((*WORDS[n:], *WORDS[:n]), "sentiment.negative") for n in range(10)]
    found = falls(Hears(), cases)
    assert set(found) == {*METHODS, "at random"}
    for name in ("each word left out", "each word alone", "left out, and half alone"):
        for share in SHARES:
            assert found[name][share].mean == pytest.approx(0.9), name
    assert found["two words left out"][0.3].mean == pytest.approx(0.9)
    random = found["at random"]
    assert 0 <= random[0.1].mean <= random[0.3].mean < 0.9
    assert random[0.2].low <= random[0.2].mean <= random[0.2].high


def test_only_texts_in_which_something_was_heard(tmp_path: Path) -> None:
    said = [" ".join(WORDS), "nothing to be heard in here", "awful"]
    for source in ("goemotions", "banking77"):
        with gzip.open(tmp_path / f"{source}.dev.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in said)
    told: list[str] = []
    found = deletion_test(Hears(), tmp_path, report=lambda what, share: told.append(what))
    assert set(found) == {"sentiment, goemotions", "intent, banking77"}
    assert found["sentiment, goemotions"]["each word alone"][0.1].mean == pytest.approx(0.9)
    assert found["intent, banking77"]["each word alone"][0.1].mean == pytest.approx(1)
    assert told
    section = deletion_section(found)
    assert "| intent, banking77 | each word left out | 1.000 [1.000, 1.000] |" in section
    assert section.count("| at random |") == 2
