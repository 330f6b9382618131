"""Training: the readers, the kept vectors, the fit by seed, the figures, the cards."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from cxstream.errors import ModelError
from cxstream.learn.card import table
from cxstream.learn.examples import authored, read
from cxstream.learn.figures import auc, average_precision, calibration_error, f1, macro_recall
from cxstream.learn.fit import Plan, calibrated, fit, probabilities
from cxstream.learn.risk import Seen, rates, within
from cxstream.learn.risk_card import fit_weighing
from cxstream.learn.train import targets
from cxstream.learn.vectors import vectors
from cxstream.understand.encoder import Vectors
from cxstream.understand.labels import EMOTIONS, INTENTS, SENTIMENTS
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
        {"text": "it is 5", "labels": ["contentonly"]},
        {"text": "it is 5", "labels": ["contentonly"]},
        {"text": "two", "labels": ["contentonly", "thankyou"]},
        {"text": "ta", "labels": ["thankyou"]},
    )
    put(
        tmp_path,
        "goemotions.train",
        {"text": "grr", "emotions": ["annoyance", "fear"], "sentiment": "neg"},
        {"text": "well", "emotions": ["neutral"], "sentiment": "mixed"},
    )
    put(tmp_path, "convabuse.train", {"text": "you toad", "abuse": 1}, {"text": " ", "abuse": 0})
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
    assert read(data, "dev") == []


def test_no_data_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="label_map"):
        read(tmp_path, "train")


def test_our_own_sentences_are_well_labelled() -> None:
    ours = authored()
    assert len(ours) > 500
    plain = [normalise(e.text) for e in ours]
    assert len(set(plain)) == len(plain)
    for example in ours:
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


def test_the_same_seed_gives_the_same_head_and_it_learns() -> None:
    chance = np.random.default_rng(1)
    x = chance.normal(size=(600, 6)).astype(np.float32)
    right = (x[:, 0] > 0).astype(int)
    y = np.eye(2, dtype=np.float32)[right]
    plan = Plan(hidden=8, epochs=15, batch=64, rate=1e-2)
    heads = [
        fit(x, y, np.ones(600, np.float32), labels=("n", "y"), kind="one_of", plan=plan, seed=seed)
        for seed in (4, 4, 5)
    ]
    bits = [b"".join(w.tobytes() + b.tobytes() for w, b in head.layers) for head in heads]
    assert bits[0] == bits[1] != bits[2]
    assert (probabilities(heads[0], x).argmax(1) == right).mean() > 0.9


@pytest.mark.parametrize("kind", ["one_of", "each"])
def test_calibration_makes_sureness_honest(kind: str) -> None:
    chance = np.random.default_rng(2)
    x = chance.normal(size=(4000, 1)).astype(np.float32)
    right = chance.random(4000) < 1 / (1 + np.exp(-x[:, 0]))
    y = np.stack([~right, right], 1).astype(np.float32)
    from cxstream.understand.heads import Head

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


def test_rates_and_weights_follow_the_ends() -> None:
    def seen(task: str, annoyed: bool) -> Seen:
        facts: dict[str, object] = {"anger_max": 0.9 if annoyed else 0.1, "customer_turns": 4}
        return Seen(task, "w", {"annoyed": annoyed}, (facts,) * 4, (0.0,) * 4)

    history = [seen("hard", True)] * 30 + [seen("easy", False)] * 30
    rate = rates(history, "annoyed")
    assert rate("easy") < rate("never seen") < rate("hard")
    weighing = fit_weighing(history, "annoyed")
    assert weighing.weights["anger"] > 0.1


def test_the_table_shows_the_lexicon_beside() -> None:
    lines = table({"abuse": {"n": 5, "base": 0.2, "auc": 0.9}}, {"abuse": {"n": 5, "auc": 0.7}})
    assert "| abuse | 5 | base 0.200, auc 0.900 (0.700) |" in lines
