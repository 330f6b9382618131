"""Training of a tenant's intents: a CSV read with clear errors, a head that is measured and versioned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cxstream.errors import ModelError, RecordError
from cxstream.learn.tenant import read_labelled, told, train_intents
from cxstream.learn.tenant_fit import FOLDS, Choice, Rows, cross_validated, fit, folds_of
from cxstream.learn.tenant_words import learn_words
from cxstream.understand.encoder import Vectors
from cxstream.understand.tenant import OUT_OF_SCOPE, TenantIntents, load
from cxstream.understand.tenant_reader import TenantReader


class WordEncoder:
    """Unit vectors by the words of a text: texts that share words are near."""

    name = "words"
    dimensions = 64
    sentence = 64

    def __init__(self, fingerprint: str = "f" * 64) -> None:
        self.fingerprint = fingerprint

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), 64), np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                rows[row] += np.random.default_rng(crc32(word.encode())).normal(size=64)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return rows


OPENINGS = ("hello", "please", "tell me", "quickly", "i wonder", "could you", "today", "well")
ASKED = {
    "opening hours": ("when do you open on sunday", "what are the shop hours", "until when open"),
    "send back": ("these shoes must go back", "return the shoes please", "send this jacket back"),
    "gift card": ("gift card balance", "how much is on my gift voucher", "voucher gift value"),
}
ELSEWHERE = ("who won the match", "write me a poem", "two plus two", "capital of peru")


def rows(*, rejects: bool = False) -> list[tuple[str, str]]:
    found = [
        (f"{opening} {text}", label)
        for (label, texts), opening in product(ASKED.items(), OPENINGS)
        for text in texts
    ]
    return found + ([(text, "oos") for text in ELSEWHERE] if rejects else [])


def put(path: Path, content: list[tuple[str, str]]) -> Path:
    lines = ["text,label", *(f'"{text}",{label}' for text, label in content)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def train(file: Path, models: Path, fingerprint: str = "f" * 64, seed: int = 7) -> TenantIntents:
    return train_intents(
        lambda: WordEncoder(fingerprint),
        file,
        models,
        "shop",
        seed=seed,
        report=lambda *_: None,
        say=lambda _: None,
    )


# reading

HEAD = "text,label\n"
GOOD = "one two,a\nthree,a\nfour,b\nfive six,b\n"


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["line 1: text", "one column"]),
        ("text;label\nx;a\n", ["line 1: text", "'text;label'"]),
        ("text,intent\nx,a\n", ["line 1: label", "'text,intent'"]),
        ("text,label,label\nx,a,b\n", ["line 1: label"]),
        (HEAD + "hello there, you,a\n", ["line 2", "2 columns, got 3", "double quotes"]),
        (HEAD + GOOD + "alone\n", ["line 6", "2 columns, got 1"]),
        (HEAD + '"two\nlines",a\n,a\n', ["line 4: text", "expected words"]),
        (HEAD + GOOD + "?!,a\n", ["line 6: text", "'?!'"]),
        (HEAD + GOOD + "seven,\n", ["line 6: label"]),
        (HEAD + GOOD + "seven,c\n", ["line 6: label", "each intent needs two", "'c'"]),
        (HEAD + GOOD + "seven,c\nSeven!,c\n", ["line 6: label", "each intent needs two"]),
        (HEAD + "one,a\ntwo,a\nthree,oos\n", ["line 1: label", "at least two", "'a'"]),
        (HEAD + "one,none\n", ["at least two"]),
        (HEAD + '"open,a\n', ["line", "not a row of a CSV"]),
    ],
)
def test_an_error_names_file_line_and_column(
    content: str, parts: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(content)
    with pytest.raises(RecordError) as raised:
        read_labelled(file)
    assert "\n" not in str(raised.value)
    for part in [str(file), *parts]:
        assert part in str(raised.value)


def test_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes(HEAD.encode() + "Straße,a\n".encode("latin-1"))
    with pytest.raises(RecordError, match="save it as UTF-8"):
        read_labelled(file)


def test_what_is_odd_is_told_and_what_is_to_be_rejected_is_set_apart(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes(
        "\ufeffid,Label , Text\r\n"
        "1,a,Red shoes\r\n\r\n"
        '2,a,"red, shoes!"\r\n'  # the same words
        "3, b ,red shoes\r\n"  # the same words, another label
        "4,b,three\r\n5,a,four\r\n"
        "6,OOS,five\r\n7,out-of-scope,six\r\n8,None,seven\r\n".encode()
    )
    found = read_labelled(file)
    assert list(zip(found.texts, found.labels, strict=True)) == [
        ("red shoes", "a"),
        ("red shoes", "b"),
        ("three", "b"),
        ("four", "a"),
    ]
    assert found.rejects == ["five", "six", "seven"]
    assert found.warnings == [
        "1 rows say again what another said; each text counts once",
        "1 texts have two labels: lines 2/5",
        "2 intents have fewer than 5 texts, so their figures say little: a, b",
    ]


# fitting


@settings(deadline=None)  # the first call imports
@given(st.lists(st.integers(2, 30), min_size=2, max_size=12), st.integers(0, 9))
def test_folds_spread_every_label_evenly(sizes: list[int], seed: int) -> None:
    y = np.repeat(np.arange(len(sizes)), sizes)
    fold = folds_of(y, seed)
    assert set(fold) <= set(range(FOLDS))
    for label, size in enumerate(sizes):
        counts = np.bincount(fold[y == label], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1
        assert counts.max() < size, "no head is asked for a label that it never saw"
    whole = np.bincount(fold, minlength=FOLDS)
    assert whole.max() - whole.min() <= 1


def test_the_fit_is_the_minimum_of_the_penalised_loss() -> None:
    chance = np.random.default_rng(2)
    y = np.repeat(np.arange(4), 25)
    x = chance.normal(size=(100, 6)).astype(np.float32) + np.eye(6, dtype=np.float32)[y]
    strength = 5.0
    found = fit(x, y, 4, strength, steps=200)
    logits = found.logits(x)
    wrong = np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None]) - np.eye(4)[y]
    slope = wrong.T @ x + found.weight / strength
    assert np.abs(slope).max() < 0.1 < np.abs(wrong.T @ x).max()
    assert np.abs(wrong.sum(0)).max() < 0.1
    assert found.nearest(found.means).tolist() == pytest.approx([1.0] * 4)


def clouds(rows_: int = 60) -> tuple[Rows, Choice, Rows]:
    chance = np.random.default_rng(3)
    y = np.repeat(np.arange(5), rows_)
    x = np.eye(16, dtype=np.float32)[y] + chance.normal(size=(len(y), 16)).astype(np.float32) / 4
    off = np.eye(16, dtype=np.float32)[8:16] + chance.normal(size=(8, 16)).astype(np.float32) / 4
    x[:, -1] = 0
    return bare(x), y, bare(off)


def bare(x: NDArray[np.floating]) -> Rows:
    """Rows without a word."""
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return Rows([""] * len(x), np.asarray(x / length, np.float32))


def test_the_figures_are_of_rows_that_the_head_had_not_seen() -> None:
    x, y, off = clouds()
    labels = tuple("abcde")
    real = cross_validated(x, y, labels, bare(off.x[:0]), 7).figures
    assert real["accuracy"] > 0.8
    assert 0.005 <= real["rejected_wrongly"] <= 0.03
    assert real["accuracy"] - 0.03 <= real["accuracy_with_rejection"] <= real["accuracy"]
    assert real["calibration_error"] < 0.1
    assert real["rejected_rightly"] is None
    assert [row["f1"] for row in real["worst"]] == sorted(row["f1"] for row in real["worst"])
    assert sum(row["times"] for row in real["confused"]) == round((1 - real["accuracy"]) * 300)


def test_what_can_only_be_learnt_by_heart_is_not_counted_as_known() -> None:
    chance = np.random.default_rng(4)
    x = chance.normal(size=(60, 64)).astype(np.float32)
    y = np.repeat(np.arange(2), 30)
    ours = Rows([f"word{n}" for n in range(60)], x / np.linalg.norm(x, axis=1, keepdims=True))
    by_heart = fit(ours.x, y, 2, 100.0).logits(ours.x).argmax(1)
    assert (by_heart == y).all()
    words = learn_words(ours.texts, y, 2)
    assert [int(words.evidence(text).argmax()) for text in ours.texts] == y.tolist()
    figures = cross_validated(ours, y, ("a", "b"), bare(x[:0]), 7).figures
    assert figures["accuracy"] < 0.75


def test_examples_to_reject_place_the_threshold() -> None:
    x, y, off = clouds()
    labels = tuple("abcde")
    without, with_them = (cross_validated(x, y, labels, part, 7) for part in (bare(off.x[:0]), off))
    assert with_them.figures["examples_to_reject"] == 8
    assert with_them.figures["rejected_rightly"] > 0.5
    assert with_them.threshold == pytest.approx(5 / 300)
    assert (with_them.linear.weight == without.linear.weight).all(), "they are no class"


def test_words_tell_labels_apart_that_are_one_to_the_vector() -> None:
    chance = np.random.default_rng(8)
    y = np.repeat(np.arange(4), 25)
    blurred = np.eye(8, dtype=np.float32)[y // 2]
    x = blurred + chance.normal(size=blurred.shape).astype(np.float32) / 8
    silent = bare(x)
    spoken = Rows([f"please the {'abcd'[label]} one" for label in y.tolist()], silent.x)
    found = [
        cross_validated(rows_, y, tuple("abcd"), bare(x[:0]), 7).figures["accuracy"]
        for rows_ in (silent, spoken)
    ]
    assert found[0] < 0.7
    assert found[1] > 0.95


# the whole of it


def test_from_a_file_to_answers(tmp_path: Path) -> None:
    file = put(tmp_path / "mine.csv", rows(rejects=True))
    made = train(file, tmp_path)
    assert made.labels == ("gift card", "opening hours", "send back")
    reader = TenantReader(load(tmp_path, "shop", WordEncoder()), WordEncoder())
    asked = ["Hello, what is on the gift voucher?", "could you return my shoes"]
    assert [found.label for found in reader.read(asked)] == ["gift card", "send back"]
    [other] = reader.read(["zebra volcano umbrella"])
    assert other.label == OUT_OF_SCOPE
    assert other.probability is None
    said = told(made)
    for part in (made.version, "3 intents from 72 texts", "accuracy", "macro F1", "gift card"):
        assert part in said
    assert f"of {len(ELSEWHERE)} texts to reject" in said


def test_the_same_file_encoder_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    file = put(tmp_path / "mine.csv", rows())
    path = tmp_path / "intents" / "shop" / "head.safetensors"
    version = train(file, tmp_path).version
    first = path.read_bytes()
    assert train(file, tmp_path).version == version
    assert path.read_bytes() == first
    others = {
        train(file, tmp_path, fingerprint="0" * 64).version,
        train(file, tmp_path, seed=8).version,
        train(put(file, rows()[1:]), tmp_path).version,
    }
    assert len(others | {version}) == 4


def test_nothing_is_loaded_for_a_bad_name_or_a_bad_file(tmp_path: Path) -> None:
    def never() -> WordEncoder:
        raise AssertionError("the encoder takes seconds to load")

    file = put(tmp_path / "mine.csv", [("one", "a")])
    for name, error in (("../shop", ModelError), ("shop", RecordError)):
        with pytest.raises(error):
            train_intents(
                never, file, tmp_path, name, seed=7, report=lambda *_: None, say=lambda _: None
            )
    assert not (tmp_path / "intents").exists()
