"""A tenant's intents: one file, one encoder, an answer that hangs on its own text only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxstream.errors import ModelError
from cxstream.understand.encoder import Vectors
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.lines import Line, score_lines
from cxstream.understand.tenant import (
    LEVELS,
    OUT_OF_SCOPE,
    TenantIntents,
    load,
    path_of,
    save,
)
from cxstream.understand.tenant_reader import LastBatch, TenantReader
from cxstream.understand.wording import BUCKETS, Wording, weighed


class LetterEncoder:
    """Unit vectors made of the letters of a text, and four numbers more that no tenant reads."""

    name = "letters"
    dimensions = 12
    sentence = 8

    def __init__(self, fingerprint: str = "f" * 64) -> None:
        self.fingerprint = fingerprint
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        rows = np.zeros((len(texts), 12), np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                rows[row, ord(letter) % 8] += 1
            rows[row, 8:] = len(text)
        rows[:, :8] /= np.maximum(np.linalg.norm(rows[:, :8], axis=1, keepdims=True), 1)
        return rows


def small(labels: int = 7, *, words: bool = True) -> TenantIntents:
    chance = np.random.default_rng(5)
    none = np.zeros((BUCKETS, labels), np.float16)
    means = chance.normal(size=(labels, 8)).astype(np.float32)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return TenantIntents(
        name="shop",
        labels=tuple("returns delivery sizes gifts stores prices careers".split()[:labels]),
        weight=means * 8,
        bias=np.zeros(labels, np.float32),
        means=means,
        words=Wording(
            np.ones(BUCKETS, np.float32),
            chance.normal(size=(BUCKETS, labels)).astype(np.float16) if words else none,
        ),
        temperature=0.8,
        spread=(6.0, 1.0, 0.8, 0.1, -0.1, 0.2),
        typical=np.linspace(-3, 3, LEVELS, dtype=np.float32),
        rows=99,
        threshold=0.02,
        encoder="letters",
        fingerprint="f" * 64,
        version="shop-00000000",
        figures={"accuracy": 0.9, "worst": [{"label": "gifts", "recall": 0.5}]},
    )


def test_a_text_on_a_labels_mean_is_that_label_and_its_opposite_is_none() -> None:
    intents = small(2, words=False)
    vectors = np.stack([intents.means[1], -intents.means[1]])
    there, opposite = intents.classify(vectors, ["where is it", "where is it"])
    assert there.label == "delivery" == there.ranking[0][0]
    assert there.probability == there.ranking[0][1]
    # two labels: the odds are e to the difference of the logits, over the temperature
    logits = intents.weight @ intents.means[1] / 0.8
    assert there.ranking[0][1] == pytest.approx(1 / (1 + np.exp(logits[0] - logits[1])), abs=1e-4)
    assert (opposite.label, opposite.probability) == (OUT_OF_SCOPE, None)
    assert 0 < opposite.in_scope < 0.02 < there.in_scope


def test_a_word_that_only_one_label_has_speaks_for_it() -> None:
    table = np.zeros((BUCKETS, 2), np.float16)
    [bucket], _ = weighed("parcel", np.ones(BUCKETS, np.float32))
    table[bucket] = (0, 4)
    intents = replace(small(2), words=Wording(np.ones(BUCKETS, np.float32), table))
    flat = np.zeros((1, 8), np.float32)
    [silent], [said] = intents.classify(flat, ["hello"]), intents.classify(flat, ["parcel"])
    odds = [dict(found.ranking) for found in (silent, said)]
    assert odds[0]["delivery"] == 0.5
    assert odds[1]["delivery"] == pytest.approx(1 / (1 + np.exp(-0.5 * 4 / 0.8)), abs=1e-4)


def test_words_weigh_by_how_rare_they_are_and_their_order_tells() -> None:
    rarity = np.ones(BUCKETS, np.float32)
    [rare], _ = weighed("voucher", rarity)
    rarity[rare] = 5
    buckets, weights = weighed("my voucher my", rarity)
    assert list(buckets) == sorted(set(buckets.tolist()))
    assert len(buckets) == 4, "my, voucher, my voucher, voucher my"
    assert float(weights @ weights) == pytest.approx(1)
    assert weights[list(buckets).index(rare)] == weights.max()
    assert (
        weighed("card to bank", rarity)[0].tolist() != weighed("bank to card", rarity)[0].tolist()
    )
    assert [len(part) for part in weighed("", rarity)] == [0, 0]


def test_the_best_five_are_ranked_and_the_threshold_takes_the_label_only() -> None:
    intents = small()
    [found] = intents.classify(intents.means[:1], ["a bag"])
    probabilities = [p for _, p in found.ranking]
    assert len(probabilities) == 5
    assert probabilities == sorted(probabilities, reverse=True)
    [rejected] = replace(intents, threshold=1.1).classify(intents.means[:1], ["a bag"])
    assert rejected.label == OUT_OF_SCOPE
    assert rejected.ranking == found.ranking
    assert rejected.in_scope == found.in_scope


def test_the_share_rises_with_the_score_from_near_0_to_1() -> None:
    shares = [small().share(score) for score in (-1e9, -9.0, -3.01, -3.0, -2.99, 0.0, 3.0, 1e9)]
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert shares[1] < shares[2] < 0.01
    assert shares[5] == pytest.approx(0.505, abs=1e-3)
    assert shares[-2:] == [1.0, 1.0]


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=9))
def test_an_answer_hangs_on_its_own_text_only(texts: list[str]) -> None:
    reader = TenantReader(small(), LetterEncoder())
    assert reader.read(texts) == [reader.read([text])[0] for text in texts]


def test_saved_intents_come_back_the_same_and_the_file_is_the_same(tmp_path: Path) -> None:
    intents, encoder = small(), LetterEncoder()
    path = path_of(tmp_path, "shop")
    assert path == tmp_path / "intents" / "shop" / "head.safetensors"
    save(intents, path)
    first = path.read_bytes()
    save(intents, path)
    assert path.read_bytes() == first
    assert [file.name for file in path.parent.iterdir()] == ["head.safetensors"]
    again = load(tmp_path, "shop", encoder)
    texts = ["where is it", "wrong size", ""]
    vectors = encoder.encode(texts)
    assert again.classify(vectors, texts) == intents.classify(vectors, texts)
    assert (again.figures, again.version, again.labels) == (
        intents.figures,
        intents.version,
        intents.labels,
    )


def test_another_encoder_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    save(small(), path_of(tmp_path, "shop"))
    with pytest.raises(ModelError) as raised:
        load(tmp_path, "shop", LetterEncoder("0" * 64))
    for part in (
        "belong to the encoder letters with weights ffffffffffff",
        "is letters with 000000000000",
        "`cxstream train intents --labels FILE.csv --name shop`",
    ):
        assert part in str(raised.value)


def test_missing_intents_say_which_are_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there: none.*train intents"):
        load(tmp_path, "shop", LetterEncoder())
    save(small(), path_of(tmp_path, "shop"))
    with pytest.raises(ModelError, match="there: shop"):
        load(tmp_path, "bank", LetterEncoder())


@pytest.mark.parametrize("content", [b"", b"no safetensors, but long enough to be looked at"])
def test_a_damaged_file_is_a_model_error(content: bytes, tmp_path: Path) -> None:
    path = path_of(tmp_path, "shop")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read as intents"):
        load(tmp_path, "shop", LetterEncoder())


def test_weights_that_do_not_fit_their_labels_are_damage(tmp_path: Path) -> None:
    save(replace(small(), labels=("one", "two")), path_of(tmp_path, "shop"))
    with pytest.raises(ModelError, match="do not fit"):
        load(tmp_path, "shop", LetterEncoder())


@pytest.mark.parametrize("name", ["", "..", "a/b", "Shop", "-x", "a b", "ü", "a" * 65, "nul\n"])
def test_a_name_that_is_no_safe_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="--name"):
        path_of(tmp_path, name)


def test_one_pass_serves_both_readers() -> None:
    encoder = LetterEncoder()
    shared = LastBatch(encoder)
    texts = ["a bag", "two", "a bag", ""]
    first = shared.encode(texts)
    assert sorted(encoder.asked) == ["", "a bag", "two"]
    assert (shared.encode(texts[::-1]) == first[::-1]).all()
    assert (shared.encode(["two", "new"])[0] == first[1]).all()
    assert encoder.asked[3:] == ["new"]
    assert shared.encode([]).shape == (0, 12)
    for n in range(5):
        shared.encode([str(n)])
    assert (shared.encode(texts) == first).all(), "forgotten rows are made again, the same"
    assert len(encoder.asked) == 12


def test_lines_carry_the_intent_beside_the_usual_scores() -> None:
    def batches() -> Iterator[list[Line]]:
        yield [(1, "where is my parcel"), (2, '{"text": ""}')]

    scorer, reader = LexiconScorer(), TenantReader(small(), LetterEncoder())
    plain = [json.loads(line) for line in score_lines(batches(), scorer)]
    both = [json.loads(line) for line in score_lines(batches(), scorer, reader)]
    for before, after, text in zip(plain, both, ("where is my parcel", ""), strict=True):
        intent = after.pop("tenant_intent")
        assert after == before
        assert list(intent) == ["label", "probability", "ranking", "in_scope"]
        [expected] = reader.read([text])
        assert intent["label"] == expected.label
        assert intent["ranking"] == [list(pair) for pair in expected.ranking]
