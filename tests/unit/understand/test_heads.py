"""The heads: calibrated probabilities, one file, and no other encoder than their own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from cxstream.errors import ModelError
from cxstream.understand.encoder import Vectors
from cxstream.understand.heads import KINDS, LABELS, Head, Heads, load, save
from cxstream.understand.model import ModelScorer, load_scorer


class CountingEncoder:
    """Eight numbers made of the letters of a text: enough for the heads, and no model."""

    name = "letters"
    dimensions = 8
    sentence = 8

    def __init__(self, fingerprint: str = "f" * 64) -> None:
        self.fingerprint = fingerprint

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), 8), np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                rows[row, ord(letter) % 8] += 1
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
        return rows


def small_heads(seed: int = 3) -> Heads:
    chance = np.random.default_rng(seed)
    made = {}
    for name, labels in LABELS.items():
        wide = 12 if name == "sentiment" else 8
        sizes = [wide, 5, len(labels)] if name == "intent" else [wide, len(labels)]
        made[name] = Head(
            labels=labels,
            kind=KINDS[name],
            layers=tuple(
                (
                    chance.normal(size=(b, a)).astype(np.float32),
                    chance.normal(size=b).astype(np.float32),
                )
                for a, b in pairwise(sizes)
            ),
            slope=np.full(len(labels), 0.7, np.float32),
            offset=np.zeros(len(labels), np.float32),
            tone=name == "sentiment",
        )
    return Heads("small-1", "letters", "f" * 64, 8, made)


def test_a_head_by_hand() -> None:
    head = Head(
        labels=("a", "b"),
        kind="one_of",
        layers=(
            (np.array([[1.0], [-1.0]], np.float32), np.zeros(2, np.float32)),
            (np.eye(2, dtype=np.float32), np.array([0.0, 1.0], np.float32)),
        ),
        slope=np.array([2.0, 2.0], np.float32),
        offset=np.zeros(2, np.float32),
    )
    # hidden (3, 0), outputs (3, 1), times 2: the odds are e to the 4
    found = head.probabilities(np.array([3.0], np.float32))
    assert found["a"] / found["b"] == pytest.approx(np.exp(4.0))
    assert sum(found.values()) == pytest.approx(1.0)


def test_yes_or_no_labels_are_independent_and_never_overflow() -> None:
    head = Head(
        labels=("a", "b"),
        kind="each",
        layers=((np.array([[1.0], [-1000.0]], np.float32), np.zeros(2, np.float32)),),
        slope=np.ones(2, np.float32),
        offset=np.array([0.5, 0.0], np.float32),
    )
    found = head.probabilities(np.array([1.0], np.float32))
    assert found["a"] == pytest.approx(1 / (1 + np.exp(-1.5)))
    assert found["b"] == pytest.approx(0.0, abs=1e-20)


def test_saved_heads_come_back_the_same_and_the_file_is_the_same(tmp_path: Path) -> None:
    heads = small_heads()
    save(heads, tmp_path / "one.safetensors")
    save(heads, tmp_path / "two.safetensors")
    assert (tmp_path / "one.safetensors").read_bytes() == (
        tmp_path / "two.safetensors"
    ).read_bytes()
    again = load(tmp_path / "one.safetensors")
    encoder = CountingEncoder()
    texts = ["where is my order", "thank you", ""]
    assert ModelScorer(encoder, again).score(texts) == ModelScorer(encoder, heads).score(texts)


def test_heads_refuse_another_encoder() -> None:
    with pytest.raises(ModelError, match=r"trained on letters .* but the encoder here is letters"):
        ModelScorer(CountingEncoder("0" * 64), small_heads())


def test_a_missing_or_damaged_file_is_a_model_error(tmp_path: Path) -> None:
    path = tmp_path / "scores" / "heads.safetensors"
    with pytest.raises(ModelError, match="no heads at"):
        load_scorer(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"not a safetensors file, but long enough to look at")
    with pytest.raises(ModelError, match="cannot be read as heads"):
        load_scorer(tmp_path)
    save_file({"x": np.zeros(1, np.float32)}, path)
    with pytest.raises(ModelError, match="cannot be read as heads"):
        load_scorer(tmp_path)


def test_other_labels_are_refused(tmp_path: Path) -> None:
    heads = small_heads()
    fewer = {name: head for name, head in heads.heads.items() if name != "abuse"}
    save(Heads("n", "e", "f", 8, fewer), tmp_path / "heads.safetensors")
    with pytest.raises(ModelError, match="other heads or labels"):
        load(tmp_path / "heads.safetensors")
