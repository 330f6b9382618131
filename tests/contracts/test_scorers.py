"""One battery for everything that scores text, and what the shipped models must say of plain sentences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxstream.events import Scores
from cxstream.understand.labels import INTENTS
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.light import LIGHT, LightScorer, load_light
from cxstream.understand.lighter import LighterScorer
from cxstream.understand.model import ModelScorer, load_scorer
from cxstream.understand.scorer import Scorer

MODELS = Path(__file__).parents[2] / "models"
ODD = [
    "",
    " \n\t ",
    "\x00\x01\x1b[0m\x7f",
    "\ud800 alone \udfff",
    "😡😡😡 👨‍👩‍👧‍👦",
    "?!…—",
    "नमस्ते, मुझे मदद चाहिए",
    "a" * 1_000_000,
    "I want to cancel " * 60_000,
    "{}[]\\u0000",
]


_MADE: dict[str, Callable[[], Scorer]] = {
    "lexicon": LexiconScorer,
    "lighter": lambda: LighterScorer(
        LightScorer(load_light(MODELS / LIGHT)), threshold=0.95, whole=lambda gist, _: gist
    ),
    "model": lambda: load_scorer(MODELS),
}


@pytest.fixture(scope="module", params=list(_MADE))
def scorer(request: pytest.FixtureRequest) -> Scorer:
    return _MADE[request.param]()


@pytest.fixture(scope="module")
def model() -> ModelScorer:
    return load_scorer(MODELS)


def _sound(scores: Scores) -> None:
    tone = scores.sentiment.probabilities
    each = (tone.negative, tone.neutral, tone.positive)
    feelings = msgspec.structs.astuple(scores.emotion)
    ranking = scores.intent.ranking
    assert len(ranking) == 5
    assert len({label for label, _ in ranking}) == 5
    assert {label for label, _ in ranking} <= set(INTENTS)
    assert ranking[0] == (scores.intent.label, scores.intent.probability)
    assert [p for _, p in ranking] == sorted((p for _, p in ranking), reverse=True)
    assert sum(each) == pytest.approx(1.0, abs=2e-4)
    assert scores.sentiment.valence == round(tone.positive - tone.negative, 4)
    assert getattr(tone, scores.sentiment.label) == max(each)
    numbers = [*each, *feelings, scores.abuse, *(p for _, p in ranking)]
    assert all(0 <= number <= 1 and number == round(number, 4) for number in numbers)
    assert scores.model


def test_one_sound_result_a_text_in_order(scorer: Scorer) -> None:
    texts = ["hello", "I want to cancel my contract", "thank you so much"]
    found = scorer.score(texts)
    assert [scorer.score([text])[0] for text in texts] == found
    assert found[1].intent.label == "cancel_service"
    assert found[2].sentiment.label == "positive"
    for scores in found:
        _sound(scores)
    assert scorer.score([]) == []


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_text_is_answered(scorer: Scorer, text: str) -> None:
    (scores,) = scorer.score([text])
    _sound(scores)
    assert scorer.score(["before", text, "after"])[1] == scores


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.text(st.characters(), max_size=40), max_size=8))
def test_any_text_is_answered(scorer: Scorer, texts: list[str]) -> None:
    found = scorer.score(texts)
    assert len(found) == len(texts)
    for scores in found:
        _sound(scores)


def test_neighbours_change_nothing(model: ModelScorer) -> None:
    texts = [
        " ".join("my bill is wrong again and nobody has called me back".split()[:n])
        for n in (1, 3, 5, 8, 11)
    ] * 13
    alone = {text: model.score([text])[0] for text in set(texts)}
    for size in (7, 64):
        for start in range(0, len(texts), size):
            part = texts[start : start + size]
            assert model.score(part) == [alone[text] for text in part]


@pytest.mark.parametrize(
    "text",
    [
        "I have been charged twice for the same month",
        "okay thank you very much for your help",
        "can I speak to somebody in charge please",
        "the internet has been down since Monday and nobody called me back",
        "you are all useless",
    ],
)
def test_punctuation_and_case_hardly_matter(model: ModelScorer, text: str) -> None:
    (plain,) = model.score([text])
    for written in (text.upper(), text + "!!!", ", ".join(text.split()) + ".", f"Uh, {text}…"):
        assert model.score([written])[0] == plain


_CALM = [
    "My order number is 4471",
    "Okay, thanks",
    "No.",
    "Yes, that's right",
    "One moment please, I'm looking for the letter",
    "It's Sarah Collins, 12 Baker Street",
    "Hi, I ordered a coffee machine last week and wanted to know when it arrives",
    "Please help me with my account",
    "What time does the shop close?",
]


@pytest.mark.parametrize("text", _CALM)
def test_plain_business_is_not_upset(model: ModelScorer, text: str) -> None:
    (scores,) = model.score([text])
    assert scores.sentiment.label != "negative"
    assert scores.sentiment.valence > -0.25
    assert scores.emotion.anger < 0.1
    assert scores.emotion.dissatisfaction < 0.25
    assert scores.abuse < 0.15


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I want to cancel my contract", "cancel_service"),
        ("No, I do not want your offer. Just cancel it.", "cancel_service"),
        ("Let me talk to a real person", "speak_to_human"),
        ("I want to speak to your supervisor now", "speak_to_human"),
        ("I was charged twice for my internet this month", "billing_dispute"),
        ("I would like a refund for the shoes", "refund_request"),
        ("My router keeps rebooting", "technical_problem"),
        ("I lost my debit card on the train", "lost_or_stolen"),
        ("I think someone stole my card details", "fraud_report"),
        ("Where is my parcel? It should have been here on Tuesday", "order_or_delivery_status"),
        ("My order number is 4471", "provide_info"),
        ("Okay, thanks", "thanks"),
        ("How do I reset my password?", "account_access"),
    ],
)
def test_what_the_customer_wants(model: ModelScorer, text: str, intent: str) -> None:
    assert model.score([text])[0].intent.label == intent


def test_a_complaint_without_a_bad_word_is_heard(model: ModelScorer) -> None:
    (scores,) = model.score(
        ["This is the third time I am calling about the same bill and nobody has fixed it"]
    )
    assert scores.sentiment.label == "negative"
    assert scores.emotion.dissatisfaction > 0.4
    assert scores.intent.label == "billing_dispute"
    assert scores.abuse < 0.2


def test_abuse_and_distress(model: ModelScorer) -> None:
    insult, grief = model.score(
        ["You are useless, you stupid idiot", "My wife died in April and I cannot cope with this"]
    )
    assert insult.abuse > 0.8
    assert insult.emotion.anger > 0.5
    assert grief.abuse < 0.1
    assert grief.emotion.distress > 0.5


def test_the_lexicon_says_that_it_is_one() -> None:
    (scores,) = LexiconScorer().score(["You are useless, you stupid idiot"])
    assert scores.degraded
    assert scores.model == "lexicon-1"
    assert scores.abuse > 0.5
    assert scores.sentiment.label == "negative"
