"""Routing: who answers what, who is told, and that a result hangs on its own text only."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from light_models import Heavy, small_light, some_scores

from cxstream.errors import ModelError
from cxstream.events import Scores
from cxstream.understand.light import Answer, LightScorer
from cxstream.understand.routing import RoutedScorer, Step
from cxstream.understand.scorer import Reading, readings

ROUTINE = ["yes", "ok thanks"]


class Far:
    """A remote model that knows some texts and is late with the others."""

    name = "remote:far"

    def __init__(self, *known: str) -> None:
        self.known = known
        self.asked: list[str] = []

    def ask(self, asked: Sequence[tuple[str, Scores]]) -> list[Scores | None]:
        self.asked += [text for text, _ in asked]
        return [some_scores(1, self.name) if text in self.known else None for text, _ in asked]


def light(sure_bias: float = -20.0) -> LightScorer:
    """Trusts its memo only, unless told to trust itself."""
    return LightScorer(small_light(ROUTINE, sure_bias=sure_bias))


def test_the_light_model_answers_the_routine_and_the_transformer_the_rest() -> None:
    heavy = Heavy()
    told: list[tuple[Step, int]] = []
    routed = RoutedScorer(light(), heavy, told=lambda step, texts: told.append((step, texts)))
    texts = ["my bill is wrong", "Yes!", "where is my parcel", "ok thanks"]
    found = routed.score(texts)
    assert heavy.asked == [texts[0], texts[2]]
    assert [s.model for s in found] == ["heavy-1", "light-small", "heavy-1", "light-small"]
    assert told == [("light", 2), ("transformer", 2), ("remote", 0)]
    assert [found[0], found[2]] == Heavy().score([texts[0], texts[2]])


def test_what_is_said_again_is_not_thought_about_again() -> None:
    asked: list[str] = []

    class Asked(LightScorer):
        def opinion(self, normalised: str) -> Answer:
            asked.append(normalised)
            return super().opinion(normalised)

    told: list[tuple[Step, int]] = []
    counted = Asked(small_light(ROUTINE, sure_bias=-20.0))
    routed = RoutedScorer(counted, Heavy(), told=lambda step, texts: told.append((step, texts)))
    first = routed.read(["Yes!", "where is my parcel"])
    assert routed.read(["where is my parcel", "yes", "yes."]) == [first[1], first[0], first[0]]
    assert asked == ["yes", "where is my parcel"]
    assert [number for step, number in told if step == "light"] == [1, 2]


def test_the_light_models_gist_is_for_its_own_stream_only() -> None:
    texts = ["yes", "my bill is wrong"]
    assert [r.gist for r in readings(RoutedScorer(light(), Heavy()), texts)] == [b"", b"gist"]
    fits = RoutedScorer(
        light(sure_bias=20.0), Heavy(), whole=lambda gist, text: gist + text[:1].encode()
    )
    assert [len(r.gist) for r in readings(fits, texts)] == [5, 5]
    assert readings(fits, texts)[0].gist == b"gisty"
    assert readings(fits, texts)[1].gist not in (b"gistm", b"gist")


def test_an_unsure_light_model_is_silent() -> None:
    sure, unsure = light(sure_bias=20.0), light()
    assert RoutedScorer(sure, Heavy()).score(["something new"])[0].model == "light-small"
    assert RoutedScorer(unsure, Heavy()).score(["something new"])[0].model == "heavy-1"
    assert RoutedScorer(sure, Heavy(), threshold=1.1).score(["yes"])[0].model == "heavy-1"
    long = "this goes on and on and on until nobody can call it routine any more"
    assert RoutedScorer(sure, Heavy()).score([long])[0].model == "heavy-1"


def test_another_transformers_light_model_is_refused() -> None:
    heavy = Heavy()
    heavy.name = "heavy-2"
    with pytest.raises(ModelError, match=r"repeats heavy-1.*heavy-2"):
        RoutedScorer(light(), heavy)


def test_doubts_go_to_the_remote_model() -> None:
    far = Far("maybe this")
    told: dict[Step, int] = {}
    routed = RoutedScorer(light(), Heavy(), far, told=told.__setitem__)
    texts = ["yes", "maybe this", "maybe that", "my bill is wrong", " "]
    found = routed.read(texts)
    assert far.asked == ["maybe this", "maybe that"]
    assert [r.scores.model for r in found] == [
        "light-small",
        "remote:far",
        "heavy-1",
        "heavy-1",
        "heavy-1",
    ]
    assert found[1].gist == b"gist"
    assert found[2:4] == Heavy().read(texts[2:4])
    assert told == {"light": 1, "transformer": 3, "remote": 1}


def test_without_a_light_model_the_remote_one_still_helps() -> None:
    routed = RoutedScorer(None, Heavy(), Far("maybe"))
    assert [s.model for s in routed.score(["maybe", "yes"])] == ["remote:far", "heavy-1"]
    assert routed.name == "heavy-1"


@settings(deadline=None)
@given(st.lists(st.sampled_from([*ROUTINE, "Yes.", "my bill", "maybe", "", "help me please"])))
def test_a_result_depends_on_its_own_text_only(texts: list[str]) -> None:
    routed = RoutedScorer(light(), Heavy())
    alone: list[Reading] = [routed.read([text])[0] for text in texts]
    assert routed.read(texts) == alone
