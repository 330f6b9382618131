"""Decisions leave with the words behind their scores; a slow or broken model holds none of them up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from cxstream.engine.explaining import MOST, Explainer, Made, targets
from cxstream.events import Nudge, RuleRef, Scores, Signal, Why
from cxstream.pipeline import Outbound
from cxstream.understand.labels import EMOTIONS, INTENTS
from cxstream.understand.scorer import to_scores

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEXT = "please cancel it, I hate you"


class Hears:
    """A model for which "cancel" is a cancellation and "hate" is anger."""

    name = "hears-1"

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.let_go.set()
        self.asked: list[Sequence[str]] = []

    def score(self, texts: Sequence[str]) -> list[Scores]:
        self.asked.append(texts)
        self.let_go.wait(30)
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Scores:
        cancels, hates = "cancel" in text, "hate" in text
        intent = "cancel_service" if cancels else "out_of_scope"
        return to_scores(
            intents={i: 0.9 if i == intent else 0.1 / (len(INTENTS) - 1) for i in INTENTS},
            sentiment={
                "negative": 0.8 if hates else 0.1,
                "neutral": 0.1 if hates else 0.8,
                "positive": 0.1,
            },
            emotions={e: 0.7 if hates and e == "anger" else 0.1 for e in EMOTIONS},
            abuse=0.2,
            model=self.name,
        )


class Fails(Hears):
    """A model that is broken."""

    def score(self, texts: Sequence[str]) -> list[Scores]:
        raise RuntimeError("no memory")


def signal(text: str = TEXT) -> Signal:
    return Signal(
        id="s-1",
        kind="utterance",
        conversation_id="c-1",
        channel="voice",
        event_time=NOON,
        seq=1,
        fragment_id="f-1",
        text=text,
        scores=Hears().score([text])[0],
    )


def nudge(*facts: str) -> Outbound:
    why = Why(RuleRef("r", "p", "1"), "because", scores=dict.fromkeys(facts, 0.5))
    record = Nudge("n-1", "c-1", "a-1", "Title", "say", NOON, NOON, why)
    return Outbound("nudges", "a-1", record)


def carried(out: Outbound) -> list[tuple[str, str]]:
    assert isinstance(out.record, Nudge)
    for words in out.record.why.carried:
        assert words.fragment_id == "f-1"
        assert TEXT[words.start : words.end] == words.text
        assert words.weight == 1
    return [(words.signal, words.text) for words in out.record.why.carried]


def run(scorer: Hears, made: Sequence[Made], deadline_s: float | None = None) -> list[Outbound]:
    async def story() -> list[Outbound]:
        explainer = Explainer(scorer, deadline_s=deadline_s)
        outs = await explainer.explain(made)
        scorer.let_go.set()
        explainer.close()
        return outs

    return asyncio.run(story())


def test_a_decision_leaves_with_the_words_behind_its_scores() -> None:
    scorer = Hears()
    plain = Outbound("signals", "c-1", signal())
    made = [
        (nudge("utterance.intent", "utterance.probability"), signal()),
        (plain, signal()),
        (nudge("utterance.anger", "conversation.level", "customer.contacts"), signal()),
        (nudge("utterance.anger"), None),
    ]
    first, second, third, fourth = run(scorer, made)
    assert carried(first) == [("intent.cancel_service", "cancel")]
    assert second is plain
    assert carried(third) == [("emotion.anger", "hate"), ("sentiment.negative", "hate")]
    assert carried(fourth) == []
    asked = [len(batch) for batch in scorer.asked]
    words = len(TEXT.split())
    assert asked == [words, words], "what is heard alone, what is left out: for all at once"
    assert all(TEXT not in batch for batch in scorer.asked), "that was scored before"


def test_what_another_model_said_of_the_text_is_not_what_its_words_are_held_against() -> None:
    scorer, said = Hears(), signal()
    assert said.scores is not None
    lighter = replace(said, scores=replace(said.scores, model="light-1"))
    assert carried(run(scorer, [(nudge("utterance.anger"), lighter)])[0]) == [
        ("emotion.anger", "hate")
    ]
    assert TEXT in scorer.asked[0]


def test_what_was_not_heard_is_not_explained() -> None:
    calm = signal("please cancel my plan today").scores
    assert calm is not None
    facts = ("utterance.anger", "utterance.abuse", "utterance.negative", "conversation.risk")
    assert (
        list(targets(Why(RuleRef("r", "p", "1"), "", scores=dict.fromkeys(facts, 0.1)), calm)) == []
    )
    nothing = signal("what is this about").scores
    assert nothing is not None
    asked = Why(RuleRef("r", "p", "1"), "", scores={"utterance.intent": "out_of_scope"})
    assert list(targets(asked, nothing)) == []


def test_scores_of_the_lexicon_in_the_models_place_are_not_the_models_to_explain() -> None:
    scorer, said = Hears(), signal()
    assert said.scores is not None
    degraded = replace(said, scores=replace(said.scores, model="lexicon-1", degraded=True))
    assert carried(run(scorer, [(nudge("utterance.anger"), degraded)])[0]) == []
    assert scorer.asked == []


def test_a_failing_model_costs_the_words_only() -> None:
    made = [(nudge("utterance.anger"), signal())]
    assert run(Fails(), made) == [made[0][0]]


def test_a_late_model_costs_the_words_only_and_is_not_asked_again_while_it_hangs() -> None:
    scorer = Hears()
    scorer.let_go.clear()
    made = [(nudge("utterance.anger"), signal())]

    async def story() -> None:
        explainer = Explainer(scorer, deadline_s=0.2)
        assert carried((await explainer.explain(made))[0]) == []
        assert carried((await explainer.explain(made))[0]) == []
        scorer.let_go.set()
        words: list[tuple[str, str]] = []
        while not words:
            await asyncio.to_thread(
                scorer.let_go.wait
            )  # the loop hears of what the thread has done
            words = carried((await explainer.explain(made))[0])
        explainer.close()

    asyncio.run(story())
    first = [batch for batch in scorer.asked if "hate" in batch]
    assert len(first) == 2, "the second time it hung, and was not asked"


def test_a_batch_explains_so_many_with_a_deadline_and_all_without() -> None:
    made = [(nudge("utterance.anger"), signal(f"{TEXT} {n}")) for n in range(MOST + 3)]
    for deadline_s, explained in ((30.0, MOST), (None, MOST + 3)):
        outs = run(Hears(), made, deadline_s)
        assert sum(bool(out.record.why.carried) for out in outs) == explained  # type: ignore[union-attr]
