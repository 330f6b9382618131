"""What was said before is not scored again, and nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cxstream.events import Scores
from cxstream.understand.cached import LONGEST, CachedScorer
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.scorer import Reading


class Counts:
    """A scorer that remembers what it was asked; its gist is the length of the text."""

    name = "counts-1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [reading.scores for reading in self.read(texts)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        self.asked += texts
        return [
            Reading(scores, bytes([len(text) % 256]))
            for text, scores in zip(texts, LexiconScorer().score(texts), strict=True)
        ]


@pytest.fixture
def heavy() -> Counts:
    return Counts()


def test_a_text_is_scored_once_however_it_is_written(heavy: Counts) -> None:
    told: list[tuple[int, int]] = []
    cached = CachedScorer(heavy, told=lambda hits, asked: told.append((hits, asked)))
    first = cached.read(["My bill is wrong", "yes", "my bill is wrong!"])
    again = cached.read(["yes", "MY BILL IS WRONG."])
    assert heavy.asked == ["My bill is wrong", "yes"]
    assert first[0] is first[2] is again[1]
    assert again[0].gist == b"\x03"
    assert told == [(1, 3), (2, 2)]


def test_it_says_what_the_scorer_says(heavy: Counts) -> None:
    said = ["you are useless", "", "thank you", "thank you", "x" * 400, "I want to cancel"] * 2
    assert CachedScorer(heavy).read(said) == Counts().read(said)
    assert CachedScorer(heavy).score(said) == Counts().score(said)
    assert CachedScorer(heavy).read([]) == []


def test_it_is_bounded_and_what_is_heard_stays(heavy: Counts) -> None:
    cached = CachedScorer(heavy, most=2)
    for text in ("one", "two", "one", "three"):
        cached.read([text])
    assert len(cached) == 2
    heavy.asked.clear()
    cached.read(["one", "three", "two"])
    assert heavy.asked == ["two"]


def test_more_texts_at_once_than_it_keeps_are_all_answered(heavy: Counts) -> None:
    said = [f"number {n}" for n in "abcdefgh"]
    assert len(CachedScorer(heavy, most=3).read(said)) == 8


def test_long_texts_are_not_kept(heavy: Counts) -> None:
    cached = CachedScorer(heavy)
    cached.read(["word " * LONGEST])
    assert len(cached) == 0


def test_a_scorer_that_fails_leaves_nothing_behind(heavy: Counts) -> None:
    class Fails(Counts):
        def read(self, texts: Sequence[str]) -> list[Reading]:
            raise RuntimeError("no memory")

    cached = CachedScorer(Fails())
    with pytest.raises(RuntimeError):
        cached.read(["hello"])
    assert len(cached) == 0
