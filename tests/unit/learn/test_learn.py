"""Training: the readers, the kept vectors, the fit by seed, the figures, the cards."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from cxstream.errors import ModelError
from cxstream.learn.calibrate import (
    balanced,
    calibrated,
    even_recall,
    in_and_out,
    logits,
    probabilities,
)
from cxstream.learn.card import table
from cxstream.learn.examples import Example, authored, read
from cxstream.learn.figures import (
    auc,
    average_precision,
    calibration_error,
    cross_fitted,
    f1,
    interval,
    macro_recall,
)
from cxstream.learn.risk import rates, within
from cxstream.learn.stream_data import Dialogue
from cxstream.learn.targets import targets
from cxstream.learn.thresholds import thresholds_of, thresholds_table
from cxstream.learn.vectors import vectors
from cxstream.understand.encoder import Vectors
from cxstream.understand.heads import Head
from cxstream.understand.labels import EMOTIONS, INTENTS, SENTIMENTS
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.normalise import normalise


def put(folder: Path, name: str, *rows: object) -> None:
    with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    maps = {
        "banking77": {"terminate_account": "cancel_service"},
        "clinc150": {"oos": "out_of_scope"},
        "nlupp": {"handoff": "speak_to_human", "refund": "refund_request"},
        "multidogo": {"contentonly": "provide_info", "thankyou": "thanks"},
    }
    (tmp_path / "label_map.json").write_text(json.dumps({"map": maps}))
    put(
        tmp_path,
        "banking77.train",
        {"text": "shut it", "label": "terminate_account"},
        {"text": "what", "label": "not in the map"},
    )
    put(tmp_path, "nlupp.train", {"text": "give it back", "labels": ["refund", "how"]})
    put(
        tmp_path,
        "multidogo.train",
        {"text": "it is 5", "labels": ["contentonly"], "domain": "media"},
        {"text": "it is 5", "labels": ["contentonly"], "domain": "media"},
        {"text": "two", "labels": ["contentonly", "thankyou"], "domain": "media"},
        {"text": "ta", "labels": ["thankyou"], "domain": "media"},
    )
    put(
        tmp_path,
        "goemotions.train",
        {"text": "grr", "emotions": ["annoyance", "fear"], "sentiment": "neg"},
        {"text": "well", "emotions": ["neutral"], "sentiment": "mixed"},
    )
    put(
        tmp_path,
        "convabuse.train",
        {"text": "you toad", "abuse": 1, "votes": [2, 3]},
        {"text": " ", "abuse": 0, "votes": [0, 2]},
    )
    return tmp_path


def test_each_source_says_what_it_knows(data: Path) -> None:
    found = {(e.source, e.text): e for e in read(data, "train")}
    assert len(found) == len(read(data, "train")) == 7
    assert found["banking77", "shut it"].intent == "cancel_service"
    assert found["banking77", "shut it"].sentiment is None
    assert found["nlupp", "give it back"].intent == "refund_request"
    info = found["multidogo", "it is 5"]
    assert (info.intent, info.sentiment, info.emotions, info.abuse, info.weak) == (
        "provide_info",
        "neutral",
        frozenset(),
        False,
        True,
    )
    assert found["multidogo", "ta"].sentiment == "positive"
    assert found["goemotions", "grr"].emotions == frozenset({"anger", "distress"})
    assert found["goemotions", "well"].sentiment is None
    assert found["convabuse", "you toad"].abuse is True
    assert found["convabuse", "you toad"].abuse_share == pytest.approx(2 / 3)
    assert found["nlupp", "give it back"].fine == frozenset({"refund", "how"})
    assert read(data, "dev") == []


def test_no_data_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="label_map"):
        read(tmp_path, "train")


def test_our_own_sentences_are_well_labelled() -> None:
    ours = authored()
    assert len(ours) > 500
    assert len({e.text for e in ours}) == len(ours)
    tones: dict[str, str | None] = {}
    for example in ours:
        assert tones.setdefault(normalise(example.text), example.sentiment) == example.sentiment
        assert example.intent is None or example.intent in INTENTS
        assert example.sentiment is None or example.sentiment in SENTIMENTS
        assert (example.emotions or frozenset()) <= set(EMOTIONS)


def test_targets_leave_out_what_is_unknown(data: Path) -> None:
    examples = read(data, "train")
    y, weights = targets("sentiment", examples)
    known = {e.text: w for e, w in zip(examples, weights.tolist(), strict=True)}
    assert known["shut it"] == known["well"] == 0
    assert 0 < known["it is 5"] < known["grr"]
    assert (y.sum(1) == (weights > 0)).all()
    y, weights = targets("emotion", examples)
    row = [e.text for e in examples].index("grr")
    assert [EMOTIONS[i] for i in np.flatnonzero(y[row])] == ["anger", "distress"]
    y, weights = targets("abuse", examples)
    assert y[[e.text for e in examples].index("you toad"), 0] == pytest.approx(2 / 3)


class CountingEncoder:
    """An encoder that remembers how many texts it was asked for."""

    name = "counting"
    dimensions = 2
    sentence = 2

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        self.asked = 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += len(texts)
        return np.array([[len(t), hash(t) % 7] for t in texts], np.float32)


def test_vectors_are_kept_by_encoder_and_text(tmp_path: Path) -> None:
    encoder = CountingEncoder("a" * 64)
    said: list[float] = []
    first = vectors(encoder, ["bb", "a", "bb"], tmp_path, lambda _, share: said.append(share))
    assert first.tolist() == vectors(encoder, ["bb", "a", "bb"], tmp_path, lambda *_: None).tolist()
    assert first[0].tolist() == first[2].tolist() == encoder.encode(["bb"])[0].tolist()
    assert encoder.asked == 3
    vectors(encoder, ["a", "new"], tmp_path, lambda *_: None)
    assert encoder.asked == 4
    other = CountingEncoder("b" * 64)
    vectors(other, ["a"], tmp_path, lambda *_: None)
    assert other.asked == 1
    assert said[-1] == 1.0


@pytest.mark.parametrize("kind", ["one_of", "each"])
def test_calibration_makes_sureness_honest(kind: str) -> None:
    chance = np.random.default_rng(2)
    x = chance.normal(size=(4000, 1)).astype(np.float32)
    right = chance.random(4000) < 1 / (1 + np.exp(-x[:, 0]))
    y = np.stack([~right, right], 1).astype(np.float32)
    boastful = Head(
        labels=("n", "y"),
        kind="one_of" if kind == "one_of" else "each",
        layers=((np.array([[-4.0], [4.0]], np.float32), np.zeros(2, np.float32)),),
        slope=np.ones(2, np.float32),
        offset=np.zeros(2, np.float32),
    )
    before = calibration_error(probabilities(boastful, x)[:, 1], right)
    after = calibration_error(probabilities(calibrated(boastful, x, y), x)[:, 1], right)
    assert before > 0.1
    assert after < 0.03


def test_figures_by_hand() -> None:
    score = np.array([0.9, 0.8, 0.8, 0.1])
    truth = np.array([True, True, False, False])
    assert auc(score, truth) == 0.875
    assert np.isnan(auc(score, np.ones(4, bool)))
    assert average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True])) == (
        pytest.approx((1 + 2 / 3) / 2)
    )
    assert f1(np.array([True, True, False]), np.array([True, False, True])) == 0.5
    assert macro_recall(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])) == pytest.approx(5 / 6)
    assert calibration_error(np.array([0.9, 0.9]), np.array([True, False])) == pytest.approx(0.4)


def test_only_dialogues_of_the_same_task_are_compared() -> None:
    risk = np.array([0.2, 0.1, 0.9, 0.8])
    truth = np.array([True, False, False, True])
    tasks = np.array(["bank", "bank", "trip", "trip"])
    assert within(risk, truth, tasks) == 0.5
    assert within(risk[:2], truth[:2], tasks[:2]) == 1.0


def test_rates_follow_the_ends() -> None:
    def ended(task: str, annoyed: bool) -> Dialogue:
        return Dialogue("train", task, "w", {"annoyed": annoyed}, ())

    rate = rates([ended("hard", True)] * 30 + [ended("easy", False)] * 30, "annoyed")
    assert rate("easy") < rate("never seen") < rate("hard")


def test_the_table_shows_the_lexicon_beside() -> None:
    lines = table({"abuse": {"n": 5, "base": 0.2, "auc": 0.9}}, {"abuse": {"n": 5, "auc": 0.7}})
    assert "| abuse | 5 | base 0.200, auc 0.900 (0.700) |" in lines
    with_interval = {"auc": 0.9, "auc_low": 0.85, "auc_high": 0.95, "n": 5}
    assert "| abuse | 5 | auc 0.900 [0.850, 0.950] |" in table({"abuse": with_interval}, {})


def leaning() -> Head:
    """A head of three labels that always favours the last, by one."""
    return Head(
        labels=("a", "b", "out"),
        kind="one_of",
        layers=((np.eye(3, dtype=np.float32), np.array([0, 0, 1], np.float32)),),
        slope=np.ones(3, np.float32),
        offset=np.zeros(3, np.float32),
    )


def test_the_balance_is_found_and_survives_calibration() -> None:
    chance = np.random.default_rng(3)
    truth = chance.integers(0, 3, 900)
    x = (chance.normal(size=(900, 3)) + 2 * np.eye(3)[truth]).astype(np.float32)
    y = np.eye(3, dtype=np.float32)[truth]
    head = leaning()
    settled = calibrated(balanced(head, x, y, ("out",), in_and_out(2)), x, y)
    before = in_and_out(2)((logits(head, x) + head.offset).argmax(1), truth)
    after = in_and_out(2)(probabilities(settled, x).argmax(1), truth)
    assert after > before + 0.02
    assert settled.offset[2] < -0.5
    assert even_recall(np.array([0, 1, 2, 2]), np.array([0, 1, 2, 0])) == pytest.approx(5 / 6)


def test_an_interval_holds_the_figure_and_narrows_with_more_rows() -> None:
    hits = np.tile([True, False, True, True], 250)
    low, high = interval(lambda rows: float(hits[rows].mean()), 1000)
    assert low < 0.75 < high < low + 0.08
    few_low, few_high = interval(lambda rows: float(hits[rows].mean()), 40)
    assert few_high - few_low > 2 * (high - low)


def test_thresholds_say_what_a_policy_would_find() -> None:
    scorer = LexiconScorer()
    texts = ["you are an idiot", "thank you so much", "idiot", "where is my parcel"]
    known = [Example(t, "convabuse", abuse="idiot" in t) for t in texts]
    found = thresholds_of(list(zip(known, scorer.score(texts), strict=True)))
    assert set(found) == {"abuse"}
    assert [row["recall"] for row in found["abuse"]] == sorted(
        (row["recall"] for row in found["abuse"]), reverse=True
    )
    assert found["abuse"][0] == {"at": 0.1, "share": 0.5, "precision": 1.0, "recall": 1.0}
    assert "| abuse | 1.00 / 1.00 |" in thresholds_table(found)


def test_cross_fitting_undoes_what_calibrating_on_all_of_it_flattered() -> None:
    chance = np.random.default_rng(5)
    truth = chance.random(4000) < 0.3
    score = 1 / (1 + np.exp(-(3 * truth - 2 + chance.normal(size=4000))))
    crooked = calibration_error(score, truth)
    found = cross_fitted(score, truth, np.arange(4000) % 5)
    assert calibration_error(found, truth) < 0.03 < crooked
    assert auc(found, truth) == pytest.approx(auc(score, truth), abs=0.003)
    # a fold knows nothing of its own labels: turned round, its probabilities stay as they are
    turned = np.where(np.arange(4000) % 5 == 0, ~truth, truth)
    again = cross_fitted(score, turned, np.arange(4000) % 5)
    assert np.allclose(again[::5], found[::5])
    assert not np.allclose(again[1::5], found[1::5])
