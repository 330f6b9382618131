"""Distillation: a student that repeats its teacher, knows itself, and is the same by the same seed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from cxstream.events import Scores
from cxstream.learn import student as student_module
from cxstream.learn.distil import ALLOWED, THRESHOLDS, card, lost, routed, settle, small
from cxstream.learn.examples import Example
from cxstream.learn.short import draw, said_in_star, short_texts
from cxstream.learn.student import Diet, agreed, fit_light
from cxstream.understand.labels import INTENTS
from cxstream.understand.light import LONGEST, OUTPUTS, Answer, LightScorer, scores_of
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Reading

SMALL = Diet(
    gist=1.0,
    buckets=2**10,
    wide=16,
    hidden=32,
    epochs=30,
    batch=16,
    trust_hidden=8,
    trust_epochs=20,
)
THINGS = "bill card order parcel phone contract account router password refund".split()
WAYS = ["where is my {}", "my {} please", "i need a {}", "{}", "the {} is wrong", "no {} today"]


class Teacher:
    """Says what the thing in a text has to do with, and a bad tone where it is wrong; gives a gist."""

    name = "teacher-1"

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [reading.scores for reading in self.read(texts)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Reading:
        numbers = np.full(OUTPUTS, 0.02)
        numbers[:27] = 0.1 / 26
        words = normalise(text).split()
        thing = next((THINGS.index(w) for w in words if w in THINGS), 26)
        numbers[thing] = 0.9
        bad = "wrong" in words
        numbers[27:30] = (0.9, 0.08, 0.02) if bad else (0.02, 0.9, 0.08)
        numbers[31] = 0.8 if bad else 0.05
        gist = np.array([100 if bad else -100, 8 * thing - 100], np.int8)
        return Reading(scores_of(numbers, self.name), gist.tobytes())


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    ours = [Example("Yes, thank you!", "authored"), Example("where is my bill", "authored")]
    monkeypatch.setattr(student_module, "routine", lambda: ["ok", "yes thank you"])
    monkeypatch.setattr(student_module, "authored", lambda: ours)
    ways = [way.format(thing) for way in WAYS for thing in THINGS]
    return sorted(
        {f"{start} {way}".strip() for way in ways for start in ("", "hello", "so", "well")}
    )


def _quiet(work: str, share: float) -> None:
    assert 0 <= share <= 1, work


def test_the_student_repeats_its_teacher(texts: list[str]) -> None:
    light, knows = fit_light(Teacher(), texts, seed=3, report=_quiet, stream="ab", diet=SMALL)
    assert (light.teacher, light.stream, light.threshold) == ("teacher-1", "ab", 1.0)
    assert knows["texts"] == len(texts)
    served = LightScorer(light)
    fresh = ["okay where is my parcel", "okay the router is wrong"]
    for text in fresh:
        answer, truth = served.answer(text), Teacher().read([text])[0]
        assert answer is not None
        assert answer.scores.intent.label == truth.scores.intent.label
        assert answer.scores.sentiment.label == truth.scores.sentiment.label
        far = np.frombuffer(answer.gist, np.int8).astype(int) - np.frombuffer(truth.gist, np.int8)
        assert np.abs(far).max() < 60
    known = served.answer("so where is my parcel")
    strange = served.answer("gargle blaster zaphod trillian marvin")
    assert known is not None
    assert strange is not None
    assert known.agreement > strange.agreement


def test_the_memo_is_ours_and_the_teachers(texts: list[str]) -> None:
    light, _ = fit_light(Teacher(), texts, seed=3, report=_quiet, diet=SMALL)
    assert len(light.arrays["memo_keys"]) == 3
    answer = LightScorer(light).answer(normalise("yes thank you"))
    truth = Teacher().read(["yes thank you"])[0]
    assert answer is not None
    assert answer.agreement == 1
    assert answer.gist == truth.gist
    assert answer.scores.intent == truth.scores.intent
    assert answer.scores.sentiment == truth.scores.sentiment


def test_the_same_seed_gives_the_same_bytes(texts: list[str]) -> None:
    quick = Diet(buckets=64, wide=4, hidden=4, epochs=1, trust_hidden=4, trust_epochs=1)
    names = [
        fit_light(Teacher(), texts, seed=seed, report=_quiet, diet=quick)[0].name
        for seed in (3, 3, 4)
    ]
    assert names[0] == names[1] != names[2]


def _numbers(**changed: float) -> np.ndarray:
    row = np.full(OUTPUTS + 2, 0.02)
    row[INTENTS.index("deny")] = 0.7
    row[28] = 0.9
    for place, value in changed.items():
        row[int(place[1:])] = value
    return row


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"_30": 0.11}, True),
        ({"_30": 0.13}, False),
        ({"_35": 0.5}, False),
        ({"_4": 0.55}, False),
        ({"_5": 0.8}, False),
        ({"_27": 0.2}, False),
        ({"_27": 0.95}, False),
        ({"_36": 0.9}, True),
    ],
)
def test_what_counts_as_the_same_answer(changed: dict[str, float], same: bool) -> None:
    assert agreed(_numbers(**changed)[None], _numbers()[None]).tolist() == [same]


def test_sides_of_one_half_differ_however_near() -> None:
    just_under, just_over = _numbers(_30=0.48), _numbers(_30=0.52)
    assert not agreed(just_under[None], just_over[None])[0]


@pytest.mark.parametrize("lowest", THRESHOLDS)
def test_the_threshold_is_a_step_above_the_lowest_that_holds(lowest: float) -> None:
    found = settle(lambda threshold: threshold >= lowest, _quiet)
    place = min(THRESHOLDS.index(lowest) + 1, len(THRESHOLDS) - 1)
    assert found == THRESHOLDS[place]


def test_a_figure_may_lose_little_however_few_its_texts() -> None:
    assert small({"abuse: auc": ALLOWED, "intent: accuracy": -0.5})
    assert not small({"abuse: auc": ALLOWED + 0.0001, "intent: accuracy": 0.0})
    assert not small({"intent: in_first_three": 1 / 216})


def test_what_is_lost_is_what_fell_and_errors_that_rose() -> None:
    always = {"abuse": {"n": 10.0, "base": 0.1, "auc": 0.9, "auc_low": 0.8, "ece": 0.02}}
    now = {"abuse": {"n": 10.0, "base": 0.1, "auc": 0.88, "auc_low": 0.7, "ece": 0.03}}
    assert lost(always, now) == pytest.approx({"abuse: auc": 0.02, "abuse: ece": 0.01})


def test_a_light_answer_takes_the_place_of_the_transformers() -> None:
    example = Example("yes", "authored")
    heavy, light = (scores_of(_numbers()[:OUTPUTS], name) for name in ("heavy", "light"))
    held = [(example, heavy)] * 3
    answers = [Answer(light, 0.9), Answer(light, 0.8), None]
    found = routed(held, answers, 0.9)
    assert [scores.model for _, scores in found] == ["light", "heavy", "heavy"]


def test_texts_that_teach_are_short_and_begin_like_others(tmp_path: Path) -> None:
    (tmp_path / "label_map.json").write_text('{"map": {}}')
    long = "I am calling about the order that I made on the twelfth of last month please"
    turns = [
        {"t": 0, "s": "customer", "x": long},
        {"t": 1, "s": "action", "x": "query"},
        {"t": 2, "s": "agent", "x": "Sure"},
    ]
    with gzip.open(tmp_path / "star.train.jsonl.gz", "wt") as file:
        file.write(json.dumps({"dialogue": 1, "turns": turns}) + "\n")
    assert list(said_in_star(tmp_path, "train")) == [("customer", long), ("agent", "Sure")]
    assert list(said_in_star(tmp_path, "dev")) == []
    found = short_texts(tmp_path)
    assert found == sorted(set(found)) == short_texts(tmp_path)
    assert "sure" in found
    plain = normalise(long)
    beginning = " ".join(plain.split()[: 1 + draw(long) % LONGEST])
    assert beginning in found
    assert plain not in found
    assert all(len(text.split()) <= LONGEST for text in found)


def test_a_text_that_is_cut_off_is_spelled_as_it_would_be_served(tmp_path: Path) -> None:
    """A last word may be spelled otherwise than one in the middle: "i'd" that nothing follows is an "id"."""
    (tmp_path / "label_map.json").write_text('{"map": {}}')
    turns = [{"t": 0, "s": "customer", "x": "well " + "I'd " * 12 + "rather keep it"}]
    with gzip.open(tmp_path / "star.train.jsonl.gz", "wt") as file:
        file.write(json.dumps({"dialogue": 1, "turns": turns}) + "\n")
    assert {normalise(text) for text in short_texts(tmp_path)} == set(short_texts(tmp_path))


def test_the_card_tells_all() -> None:
    text = card(
        {
            "model": "light-1",
            "teacher": "heavy-1",
            "memo": 1234,
            "bytes": 2_500_000,
            "threshold": 0.9,
            "texts": 90_000,
            "agrees": 0.71,
            "agreement_ece": 0.012,
            "share": {"multidogo": 0.5},
            "cost_us": {"light": 61.0},
            "loss": {"abuse: auc": 0.0012, "intent: accuracy": -0.0001},
        }
    )
    assert "@" not in text
    assert "| multidogo | 50.0% |" in text
    assert "**+0.12**" in text
    assert "* abuse: auc: -0.12" in text
