"""Explanations: a scorer that hears certain words is explained by exactly those words."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxstream.errors import ModelError
from cxstream.events import Scores
from cxstream.understand.explain import (
    LOUD,
    PIECES,
    Ask,
    Span,
    explain,
    explain_all,
    probability,
)
from cxstream.understand.labels import EMOTIONS, INTENTS
from cxstream.understand.lines import score_lines
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import to_scores


class Hears:
    """A scorer in which each known word adds to every signal."""

    name = "hears-1"

    def __init__(self, *known: str, each: float = 0.3) -> None:
        self._known = known
        self._each = each
        self.batches: list[Sequence[str]] = []

    def score(self, texts: Sequence[str]) -> list[Scores]:
        self.batches.append(texts)
        return [self._one(normalise(text).split()) for text in texts]

    def _one(self, words: list[str]) -> Scores:
        heard = min(0.99, 0.05 + self._each * sum(word in self._known for word in words))
        rest = (1 - heard) / (len(INTENTS) - 1)
        return to_scores(
            intents={i: heard if i == "cancel_service" else rest for i in INTENTS},
            sentiment={"negative": heard, "neutral": 1 - heard, "positive": 0.0},
            emotions=dict.fromkeys(EMOTIONS, heard),
            abuse=heard,
            model=self.name,
        )


def marked(text: str, spans: Sequence[Span]) -> list[str]:
    return [text[span.start : span.end] for span in spans]


@pytest.mark.parametrize(
    "target", ["sentiment.negative", "emotion.anger", "intent.cancel_service", "abuse"]
)
def test_the_words_that_decide_are_marked(target: str) -> None:
    text = 'Well, I "hate" this; it\'s an AWFUL, awful-sounding bill...'
    spans = explain(Hears("hate", "awful"), text, target)
    assert marked(text, spans) == ["hate", "AWFUL, awful-sounding"]
    assert spans[0].weight == pytest.approx(1 / 3, abs=0.1)
    assert sum(span.weight for span in spans) == pytest.approx(1, abs=0.001)


def test_words_against_a_signal_are_not_marked() -> None:
    text = "no i hate it"
    assert marked(text, explain(Hears("hate"), text, "sentiment.neutral")) == []
    assert marked(text, explain(Hears("hate"), text, "sentiment.negative")) == ["hate"]


def test_places_are_those_of_the_text_as_given() -> None:
    text = "\tum  I’m   FURIOUS!!!  [CARD_NUMBER]"
    assert marked(text, explain(Hears("furious"), text, "abuse")) == ["FURIOUS"]
    assert marked(text, explain(Hears("0"), text, "abuse")) == ["CARD_NUMBER"]
    mood = "they lost it 😡 !"
    assert marked(mood, explain(Hears("angry"), mood, "abuse")) == ["😡"]


@pytest.mark.parametrize("text", ["", "awful", "so awful", "awful ... !!! bill", " \n "])
def test_one_or_two_words_need_no_explanation_and_no_scoring(text: str) -> None:
    scorer = Hears("awful")
    assert explain(scorer, text, "abuse") == ()
    assert scorer.batches == []


def test_of_two_words_that_say_the_same_neither_hides_the_other() -> None:
    text = "it is awful and it is awful again"
    assert marked(text, explain(Hears("awful", each=5), text, "abuse")) == ["awful", "awful"]


def test_neighbours_in_two_sentences_are_two_spans() -> None:
    text = "you are late. Awful, late again"
    assert marked(text, explain(Hears("awful", "late"), text, "abuse")) == ["late", "Awful, late"]


def test_what_no_word_carries_is_not_explained() -> None:
    assert explain(Hears(), "my bill is here", "abuse") == ()


def test_at_most_six_words_the_heaviest() -> None:
    text = " and ".join(["awful"] * 9)
    assert len(explain(Hears("awful", each=0.1), text, "abuse")) == 6


def test_a_long_text_costs_no_more_than_its_pieces() -> None:
    scorer = Hears("awful", each=0.9)
    words = [f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(120)]
    words[40] = "awful"
    text = " ".join(words)
    spans = explain(scorer, text, "abuse")
    assert [len(batch) for batch in scorer.batches] == [1 + PIECES, 3]
    assert [s.split() for s in marked(text, spans)] == [words[36:42]]
    explain(scorer, text * 10_000, "abuse")
    assert all(len(batch) <= 1 + PIECES for batch in scorer.batches)


def test_of_a_long_text_fewer_runs_are_left_out() -> None:
    scorer = Hears("awful", each=0.1)
    said = [f"so{chr(97 + n)} awful" for n in range(10)]
    explain(scorer, " ".join(said), "abuse")
    explain(scorer, " ".join(said * 4), "abuse")
    assert [len(batch) for batch in scorer.batches[1::2]] == [LOUD, 3]


def test_what_is_known_of_a_text_is_not_asked_again() -> None:
    scorer, text = Hears("awful"), "this is awful"
    [whole] = scorer.score([text])
    [found] = explain_all(scorer, [Ask(text, "abuse")], {text: whole})
    assert marked(text, found) == ["awful"]
    assert all(text not in batch for batch in scorer.batches[1:])


def test_only_what_says_most_by_itself_is_left_out() -> None:
    scorer = Hears("awful", "late", "again", "never", each=0.9)
    text = "it is awful that you were never there and late again"
    assert marked(text, explain(scorer, text, "abuse")) == ["awful", "never", "late again"]
    _, left_out = scorer.batches
    shorter = {variant.replace("  ", " ").strip() for variant in left_out}
    assert shorter == {
        text.replace(word, "").replace("  ", " ").strip()
        for word in ("awful", "never", "late", "again")
    }
    explain(scorer, "awful " * LOUD + "bills are late", "abuse")
    assert len(scorer.batches[-1]) <= LOUD


def test_many_asks_are_two_batches_and_one_text_is_cut_once() -> None:
    scorer = Hears("awful", "late")
    asks = [
        Ask("an awful bill", "abuse"),
        Ask("it is late", "emotion.anger"),
        Ask("an awful bill", "sentiment.negative"),
        Ask("no", "abuse"),
    ]
    found = explain_all(scorer, asks)
    assert [marked(a.text, f) for a, f in zip(asks, found, strict=True)] == [
        ["awful"],
        ["late"],
        ["awful"],
        [],
    ]
    assert [len(batch) for batch in scorer.batches] == [8, 6]
    assert len({text for batch in scorer.batches for text in batch}) == 14


@pytest.mark.parametrize("target", ["", "anger", "emotion.", "emotion.glee", "intent.x", "abuse.x"])
def test_a_signal_that_is_none_is_refused(target: str) -> None:
    with pytest.raises(ModelError, match="no signal"):
        explain(Hears(), "my bill is wrong", target)


def test_an_intent_that_is_not_ranked_has_no_probability() -> None:
    scores = Hears("bill").score(["bill"])[0]
    assert probability(scores, "intent.cancel_service") == scores.intent.probability
    left_out = next(i for i in INTENTS if i not in dict(scores.intent.ranking))
    assert probability(scores, f"intent.{left_out}") == 0


def test_lines_are_explained_for_what_was_heard_in_them() -> None:
    scorer = Hears("awful", "late")
    batch = [(1, "an awful bill came late again"), (2, "hello to you there"), (3, "awful late")]
    answers = [json.loads(line) for line in score_lines([batch], scorer, explainer=scorer)]
    text = batch[0][1]
    first = answers[0]["explanations"]
    assert set(first) == {
        "intent.cancel_service",
        "sentiment.negative",
        *(f"emotion.{e}" for e in EMOTIONS),
        "abuse",
    }
    for spans in first.values():
        assert [text[s["start"] : s["end"]] for s in spans] == ["awful", "late"]
        assert spans[0]["weight"] == pytest.approx(0.5, abs=0.1)
    assert set(answers[1]["explanations"]) == {"intent.cancel_service"}
    assert all(spans == [] for spans in answers[2]["explanations"].values())
    plain = json.loads(next(score_lines([batch], scorer)))
    assert "explanations" not in plain


@given(st.lists(st.sampled_from(["awful", "bad", "so", "?!", "a", "\n", "é", "😡"])).map(" ".join))
def test_spans_lie_in_the_text_in_order_and_apart(text: str) -> None:
    _sound(text, explain(Hears("awful", "bad", each=0.1), text, "abuse"))


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    _sound(text, explain(Hears(*normalise(text).split()), text, "emotion.distress"))


def _sound(text: str, spans: Sequence[Span]) -> None:
    ends = [0]
    for span in spans:
        assert ends[-1] <= span.start < span.end <= len(text)
        assert 0 < span.weight <= 1
        ends.append(span.end)
    assert sum(span.weight for span in spans) <= 1.001
