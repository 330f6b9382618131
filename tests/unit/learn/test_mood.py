"""Moods: the head is calibrated, kept with its encoder, judged on texts that chose nothing, and served."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from cxstream.errors import ModelError
from cxstream.learn.examples import read
from cxstream.learn.mood import judge_mood, settle_mood, thresholds_of
from cxstream.understand.encoder import Vectors
from cxstream.understand.heads import Head
from cxstream.understand.labels import MOODS
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.lines import score_lines
from cxstream.understand.mood import load_mood

SAID = {
    "lovely": (["joy"], "pos"),
    "wanted": (["desire"], "pos"),
    "awful": (["anger", "embarrassment"], "neg"),
    "really": (["surprise"], "ambiguous"),
    "table": (["neutral"], "neu"),
}


class WordEncoder:
    """A vector of which mood's words occur: what an encoder would have learnt."""

    name = "words"
    dimensions = 5
    sentence = 5

    def __init__(self, fingerprint: str = "e" * 64) -> None:
        self.fingerprint = fingerprint

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.array([[float(word in text) for word in SAID] for text in texts], np.float32)
        return np.asarray(rows / np.maximum(1, np.linalg.norm(rows, axis=1, keepdims=True)))


def tuned() -> Head:
    """What a tuned network would say: rightly which mood, and much too sure of it."""
    weight = np.zeros((len(MOODS), len(SAID) + 4), np.float32)
    for word, mood in enumerate(("positive", "positive", "negative", "ambiguous", "neutral")):
        weight[MOODS.index(mood), word] = 1
    ones = np.ones(len(MOODS), np.float32)
    return Head(MOODS, "each", ((weight, -6 * ones),), slope=ones, offset=0 * ones, tone=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "label_map.json").write_text('{"map": {}}')
    chance = random.Random(4)
    letters = "bcdfghjk"
    for split, count in (("train", 2500), ("dev", 400)):
        with gzip.open(folder / f"goemotions.{split}.jsonl.gz", "wt", encoding="utf-8") as file:
            for _ in range(count):
                words = chance.sample(sorted(SAID), chance.choice((1, 1, 2)))
                noise = "".join(chance.choice(letters) for _ in range(8))
                heard = [w if chance.random() < 0.97 else "table" for w in words]
                emotions = sorted({label for word in heard for label in SAID[word][0]})
                row = {"text": f"{noise} {' '.join(words)}", "emotions": emotions}
                file.write(json.dumps(row | {"sentiment": SAID[heard[0]][1]}) + "\n")
    return folder


def _quiet(work: str, share: float) -> None:
    del work, share


def test_a_comment_may_be_of_several_moods(data: Path) -> None:
    found = {frozenset(e.moods or ()) for e in read(data, "train")}
    assert frozenset({"positive", "ambiguous"}) in found
    assert frozenset({"negative"}) in found
    assert all(found)


def test_what_was_tuned_is_calibrated_judged_and_served(data: Path, tmp_path: Path) -> None:
    encoder = WordEncoder()
    at = settle_mood(tuned(), encoder, data, tmp_path, report=_quiet, cache=tmp_path / "cache")
    judged = judge_mood(
        encoder, data, tmp_path, "dev", at, report=_quiet, cache=tmp_path / "cache"
    )["moods, goemotions"]
    assert 100 < judged["n"] < 300, "half of dev calibrates"
    assert judged["macro_f1"] > 0.9
    assert judged["macro_f1_low"] <= judged["macro_f1"] <= judged["macro_f1_high"]
    assert judged["auc"] > 0.95
    assert judged["ece"] < 0.06
    reader = load_mood(tmp_path, encoder)
    [lovely, both] = reader.read(["Lovely!", "awful, really"])
    assert max(lovely, key=lovely.__getitem__) == "positive"
    assert both["negative"] > at["negative"] and both["ambiguous"] > at["ambiguous"]
    line = json.loads(next(score_lines([[(1, "Lovely!")]], LexiconScorer(), mood=reader)))
    assert line["moods"] == lovely
    plain = json.loads(next(score_lines([[(1, "Lovely!")]], LexiconScorer())))
    assert "moods" not in plain


def test_another_encoder_and_no_file_are_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no heads"):
        load_mood(tmp_path, WordEncoder())
    settle_mood(tuned(), WordEncoder(), data, tmp_path, report=_quiet, cache=tmp_path / "cache")
    with pytest.raises(ModelError, match="fitted on words"):
        load_mood(tmp_path, WordEncoder("f" * 64))


def test_a_split_without_comments_has_no_figure(data: Path, tmp_path: Path) -> None:
    assert (
        judge_mood(WordEncoder(), data, tmp_path, "test", {}, report=_quiet, cache=tmp_path) == {}
    )


def test_the_threshold_is_where_f1_is_best() -> None:
    truth = np.zeros((5, 4), bool)
    truth[:2] = True
    chance = np.tile(np.array([0.4, 0.35, 0.3, 0.2, 0.1])[:, None], 4)
    at = thresholds_of(chance, truth)
    assert set(at) == {"positive", "negative", "ambiguous", "neutral"}
    assert all(0.3 < value <= 0.35 for value in at.values())
