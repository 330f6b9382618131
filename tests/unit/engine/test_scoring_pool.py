"""Late is worse than light: a model that hangs, fails or is late is answered for by the lexicon."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from cxstream.engine.scoring import AHEAD_MAX, PASS_TOKENS, ScoringPool
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


class Waits(Hangs):
    """A model that waits until it is let go, once; `asked` tells its passes."""

    def score(self, texts: Sequence[str]) -> list[Scores]:
        self.asked.append(texts)
        self.let_go.wait(30)
        return LexiconScorer().score(texts)


def test_what_gathers_during_a_pass_is_the_next_one_the_urgent_first() -> None:
    model = Waits()

    async def story() -> list[dict[str, Reading]]:
        pool = ScoringPool(model, LexiconScorer(), deadline_s=None)
        reads = [asyncio.ensure_future(pool.read(["first"]))]
        await asyncio.sleep(0)
        pool.ahead(["ahead one", "ahead two"])
        reads += [asyncio.ensure_future(pool.read(texts)) for texts in (["second"], ["third"])]
        await asyncio.sleep(0)
        model.let_go.set()
        found = [await read for read in reads]
        found.append(await pool.read(["ahead two", "ahead one"]))
        pool.close()
        return found

    found = asyncio.run(story())
    assert [list(texts) for texts in model.asked] == [
        ["first"],
        ["second", "third", "ahead one", "ahead two"],
    ]
    assert [list(read) for read in found[1:]] == [
        ["second"],
        ["third"],
        ["ahead two", "ahead one"],
    ]


def test_what_was_to_come_and_is_wanted_now_goes_first() -> None:
    model = Waits()

    async def story() -> None:
        pool = ScoringPool(model, LexiconScorer(), deadline_s=None)
        first = asyncio.ensure_future(pool.read(["first"]))
        await asyncio.sleep(0)
        pool.ahead(["later", "soon"])
        soon = asyncio.ensure_future(pool.read(["soon"]))
        await asyncio.sleep(0)
        model.let_go.set()
        await asyncio.gather(first, soon)
        pool.close()

    asyncio.run(story())
    assert list(model.asked[1]) == ["soon", "later"]


def test_a_pass_has_so_many_tokens() -> None:
    model = Waits()
    texts = [f"{number} " + "word " * 60 for number in range(50)]

    async def story() -> dict[str, Reading]:
        model.let_go.set()
        pool = ScoringPool(model, LexiconScorer(), deadline_s=None)
        found = await pool.read(texts)
        pool.close()
        return found

    assert list(asyncio.run(story())) == texts
    sizes = [sum(2 + len(text) // 4 for text in asked) for asked in model.asked]
    assert len(sizes) > 3
    assert max(sizes) < PASS_TOKENS + 80


def test_what_is_scored_in_vain_makes_room() -> None:
    model = Counts()

    async def story() -> int:
        pool = ScoringPool(model, LexiconScorer(), deadline_s=None)
        for start in range(0, 3 * AHEAD_MAX, 64):
            pool.ahead([f"text {number}" for number in range(start, start + 64)])
            await pool.read(["between"])
        pool.close()
        return len(pool._answers)

    assert asyncio.run(story()) <= AHEAD_MAX + 64


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


def test_under_overload_the_lighter_model_answers_and_the_model_is_not_asked() -> None:
    async def story() -> None:
        model, lighter = Counts(), Counts()
        pool = ScoringPool(model, LexiconScorer(), deadline_s=1.0, lighter=lighter)
        texts = [f"text {number}" for number in range(20)]
        assert list(await pool.read(texts, lightly=True)) == texts
        assert (model.asked, lighter.asked) == ([], texts)
        broken = ScoringPool(model, LexiconScorer(), deadline_s=1.0, lighter=Fails())
        readings = await broken.read(texts, lightly=True)
        assert all(reading.scores.degraded for reading in readings.values())
        pool.close()
        broken.close()

    asyncio.run(story())
