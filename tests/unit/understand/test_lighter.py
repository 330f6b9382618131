"""The light model alone: what it knows stands, the rest is degraded."""

from __future__ import annotations

from pathlib import Path

from cxstream.understand.light import LIGHT, LightScorer, load_light
from cxstream.understand.lighter import LighterScorer
from cxstream.understand.routing import RoutedScorer

MODELS = Path(__file__).parents[3] / "models"
ROUTINE = "okay thanks"
NEWS = "somebody has taken money from my account twice and I do not know who that could be"


def test_the_routine_stands_and_the_rest_says_degraded() -> None:
    light = LightScorer(load_light(MODELS / LIGHT))

    class Teacher(LighterScorer):
        """Goes by the name of the transformer that the light model repeats."""

    heavy = Teacher(light, threshold=0.0, whole=None)
    heavy.name = light.teacher
    routed = RoutedScorer(light, heavy, whole=lambda gist, _: gist)
    lighter = routed.lighter()
    assert lighter is not None
    usual, [known, new] = routed.read([ROUTINE])[0], lighter.read([ROUTINE, NEWS])
    assert known == usual
    assert not known.scores.degraded
    assert new.scores.degraded
    assert new.scores.model == light.name
    assert new.gist


def test_without_a_light_model_there_is_none_lighter() -> None:
    light = LightScorer(load_light(MODELS / LIGHT))
    heavy = LighterScorer(light, threshold=0.0, whole=None)
    assert RoutedScorer(None, heavy).lighter() is None
