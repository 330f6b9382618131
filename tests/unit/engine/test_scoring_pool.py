"""Late is worse than light: a model that hangs, fails or is late is answered for by the lexicon."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from cxstream.engine.scoring import ScoringPool
from cxstream.events import Scores
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.scorer import Reading


class Hangs:
    """A model that does not answer until it is let go."""

    name = "hangs-1"

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked: list[Sequence[str]] = []

    def score(self, texts: Sequence[str]) -> list[Scores]:
        self.asked.append(texts)
        self.let_go.wait(30)
        return LexiconScorer().score(texts)


class Fails:
    """A model that is broken."""

    name = "fails-1"

    def score(self, texts: Sequence[str]) -> list[Scores]:
        raise RuntimeError("no memory")


class Counts:
    """A model that answers, and remembers what it was asked."""

    name = "counts-1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(self, texts: Sequence[str]) -> list[Scores]:
        self.asked += texts
        return LexiconScorer().score(texts)


def test_a_late_model_is_answered_for_and_not_asked_again_while_it_hangs() -> None:
    model = Hangs()

    async def story() -> tuple[dict[str, Reading], dict[str, Reading]]:
        pool = ScoringPool(model, LexiconScorer(), deadline_s=0.05)
        first = await pool.read(["my bill is wrong"])
        second = await pool.read(["nobody helps me"])
        model.let_go.set()
        pool.close()
        return first, second

    first, second = asyncio.run(story())
    assert first["my bill is wrong"].scores.degraded
    assert second["nobody helps me"].scores.degraded
    assert len(model.asked) == 1, "the second batch did not queue behind the hanging first"


def test_a_failing_model_is_answered_for() -> None:
    async def story() -> dict[str, Reading]:
        return await ScoringPool(Fails(), LexiconScorer(), deadline_s=None).read(["hello"])

    assert asyncio.run(story())["hello"].scores.degraded


def test_the_same_text_is_scored_once_a_batch_and_nothing_for_nothing() -> None:
    model = Counts()

    async def story() -> None:
        pool = ScoringPool(model, LexiconScorer(), deadline_s=None)
        assert await pool.read([]) == {}
        assert set(await pool.read(["yes", "no", "yes"])) == {"yes", "no"}
        pool.close()

    asyncio.run(story())
    assert model.asked == ["yes", "no"]
