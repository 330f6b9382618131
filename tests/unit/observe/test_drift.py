"""Drift: silence while the world is as it was, an alarm when it is not, and the same twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from waiting import until

from cxstream.errors import ModelError
from cxstream.learn.reference import (
    SIGNALS,
    Reference,
    load_reference,
    ranks,
    reference_of,
    save_reference,
)
from cxstream.observe.drift import FEWEST, WINDOW, DriftWatch
from cxstream.observe.metrics import Metrics
from cxstream.understand.labels import EMOTIONS, INTENTS
from cxstream.understand.scorer import Reading, to_scores

Draw = Callable[[np.random.Generator], Reading]


def a_reading(
    chance: np.random.Generator,
    *,
    gloom: float = 0.0,
    topics: tuple[int, ...] = (0, 3, 5, 8, 26),
    doubt: float = 0.0,
    abuse: float = 0.0,
    gist: float = 0.0,
    degraded: bool = False,
) -> Reading:
    """A text of a world whose moods, topics and words the arguments bend."""
    tone = chance.dirichlet([1 + 6 * gloom, 4, 2])
    sure = float(np.clip(chance.beta(6, 2) - doubt, 0.05, 0.95))
    intents = dict.fromkeys(INTENTS, (1 - sure) / 26)
    intents[INTENTS[int(chance.choice(topics))]] = sure
    scores = to_scores(
        intents=intents,
        sentiment=dict(zip(("negative", "neutral", "positive"), tone.tolist(), strict=True)),
        emotions=dict.fromkeys(EMOTIONS, 0.1),
        abuse=float(np.clip(chance.beta(1, 30) + abuse, 0, 1)),
        model="m",
        degraded=degraded,
    )
    pressed = np.clip(chance.normal(gist, 0.3, 8), -1, 1) * 127
    return Reading(scores, np.rint(pressed).astype(np.int8).tobytes())


def world(seed: int, texts: int, **bent: float | tuple[int, ...]) -> Iterator[Reading]:
    chance = np.random.default_rng(seed)
    return (a_reading(chance, **bent) for _ in range(texts))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_of(world(0, 8_000), "m")


class Told:
    """What a watch tells."""

    def __init__(self, reference: Reference) -> None:
        self.far: dict[str, float] = {}
        self.changed: list[str] = []
        self.watch = DriftWatch(reference, far=self.far.__setitem__, changed=self.changed.append)

    def see(self, readings: Iterator[Reading]) -> Told:
        for reading in readings:
            self.watch.saw(reading)
        return self


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_alarm_on_draws_of_the_reference(reference: Reference, seed: int) -> None:
    told = Told(reference).see(world(seed, 5_000))
    assert told.changed == []
    assert set(told.far) == set(SIGNALS)
    assert max(told.far.values()) < 0.05


@pytest.mark.parametrize(
    ("signal", "bent"),
    [
        ("valence", {"gloom": 0.3}),
        ("confidence", {"doubt": 0.15}),
        ("abuse", {"abuse": 0.1}),
        ("intent", {"topics": (0, 3, 12)}),
        ("embedding", {"gist": 0.2}),
    ],
)
def test_each_signal_raises_its_own_alarm(
    reference: Reference, signal: str, bent: dict[str, float]
) -> None:
    told = Told(reference).see(world(4, 3_000))
    assert told.changed == []
    told.see(world(5, 2_000, **bent))
    assert set(told.changed) == {signal}
    assert told.far[signal] > 0.1
    assert max(far for name, far in told.far.items() if name != signal) < 0.1


def test_live_traffic_that_never_was_like_the_reference_is_found(reference: Reference) -> None:
    assert "valence" in Told(reference).see(world(6, 2_000, gloom=0.5)).changed


def test_the_same_texts_give_the_same_alarms(reference: Reference) -> None:
    def once() -> Told:
        return Told(reference).see(world(7, 2_000)).see(world(8, 2_000, gloom=0.3))

    first, second = once(), once()
    assert first.changed == second.changed
    assert first.far == second.far


def test_the_distance_forgets_what_left_the_window(reference: Reference) -> None:
    told = Told(reference).see(world(9, 1_000, gloom=0.5))
    assert told.far["valence"] > 0.2
    told.see(world(10, WINDOW))
    assert told.far["valence"] < 0.05


def test_too_few_texts_tell_no_distance(reference: Reference) -> None:
    assert Told(reference).see(world(11, FEWEST - 1)).far == {}


def test_the_lexicon_and_light_answers_without_a_gist_do_no_harm(reference: Reference) -> None:
    told = Told(reference)
    chance = np.random.default_rng(12)
    told.see(a_reading(chance, gloom=9.0, degraded=True) for _ in range(2_000))
    assert told.changed == []
    assert told.far == {}
    told.see(Reading(reading.scores) for reading in world(13, 1_000))
    assert set(told.far) == set(SIGNALS) - {"embedding"}


def test_the_metrics_carry_it(reference: Reference) -> None:
    metrics = Metrics()
    metrics.saw(list(world(14, 10)))  # nothing to compare with: nothing happens
    metrics.watch(reference)
    value = metrics.registry.get_sample_value
    metrics.saw(
        list(world(15, 1_000, gloom=0.5))
    )  # the detector is loaded now; these are kept for it

    def watched() -> bool:
        metrics.saw([])
        return value("cxstream_drift_detected_total", {"signal": "valence"}) is not None

    until(watched, "the detector is loaded")
    metrics.saw([])
    assert value("cxstream_drift_detected_total", {"signal": "valence"}) == 1
    assert value("cxstream_drift", {"signal": "valence"}) > 0.2  # type: ignore[operator]
    metrics.routed("light", 3)
    assert value("cxstream_routed_texts_total", {"step": "light"}) == 3


def test_a_reference_comes_back_from_its_file(reference: Reference, tmp_path: Path) -> None:
    path = tmp_path / "scores" / "reference.json"
    save_reference(reference, path)
    assert load_reference(path) == reference
    assert reference.texts == sum(reference.valence.counts) == sum(reference.intent)


def test_a_reference_that_does_not_fit_is_refused(reference: Reference, tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    with pytest.raises(ModelError, match="no drift reference"):
        load_reference(path)
    path.write_text("{}")
    with pytest.raises(ModelError, match="cannot be read"):
        load_reference(path)
    save_reference(replace(reference, intent=(1, 2)), path)
    with pytest.raises(ModelError, match="does not fit"):
        load_reference(path)
    with pytest.raises(ModelError, match="is of m, but n"):
        reference.fits("n", False)
    with pytest.raises(ModelError, match="scored texts"):
        reference_of([], "m")


def test_gists_are_compared_only_under_the_routing_that_made_them(reference: Reference) -> None:
    assert reference.fits("m", False).gists is not None
    assert reference.fits("m", True).gists is None


def test_ranks_go_from_nought_to_one() -> None:
    assert ranks([1, 2, 1]) == [0.125, 0.5, 0.875]
    assert ranks([0, 4]) == [0.0, 0.5]
