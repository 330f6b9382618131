"""What reads texts behind the encoder, compiled, says what numpy says, of each text by itself."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from light_models import small_light
from numpy.typing import NDArray
from small_stream import ACTIONS, LEARNT, WIDTH, weights
from test_heads import CountingEncoder, small_heads
from test_networks import MARK

from cxstream.understand.fused import build, readers
from cxstream.understand.heads import Head, Kind
from cxstream.understand.light import Light, LightScorer
from cxstream.understand.model import ModelScorer, features
from cxstream.understand.mood import MoodReader
from cxstream.understand.network import GIVEN
from cxstream.understand.stream import About, Stream, gist_inputs

pytestmark = pytest.mark.usefixtures("fused")


def head(kind: Kind, *sizes: int) -> Head:
    rng = np.random.default_rng(len(sizes))
    pairs = zip(sizes[1:], sizes, strict=False)
    return Head(
        labels=tuple(map(str, range(sizes[-1]))),
        kind=kind,
        layers=tuple(
            (
                rng.normal(size=shape).astype(np.float32),
                rng.normal(size=shape[0]).astype(np.float32),
            )
            for shape in pairs
        ),
        slope=rng.uniform(0.5, 1, sizes[-1]).astype(np.float32),
        offset=rng.normal(size=sizes[-1]).astype(np.float32),
    )


HEADS = [head("one_of", 21, 17, 5), head("each", 772, 3), head("each", 8, 6, 1)]


@pytest.mark.parametrize("asked", HEADS)
def test_a_head_gives_numpys_probabilities_and_a_text_bits_of_its_own(asked: Head) -> None:
    read = readers.reader_of(asked)
    assert read is not None
    x = np.random.default_rng(4).normal(size=(23, asked.layers[0][0].shape[1])).astype(np.float32)
    together = read(x)
    for one, row in zip(together, x, strict=True):
        assert one == pytest.approx(asked.probabilities(row), abs=1e-5)
    for start, count in ((0, 1), (4, 2), (5, 3), (9, 4), (2, 13), (22, 1)):
        assert read(x[start : start + count]) == together[start : start + count]
    assert read(x[:0]) == []
    assert read(np.asfortranarray(x)) == together


def test_a_head_is_asked_for_as_many_numbers_as_it_reads() -> None:
    read = readers.reader_of(HEADS[0])
    assert read is not None
    with pytest.raises(ValueError, match="rows of 21 numbers"):
        read(np.zeros((2, 20), np.float32))


def test_gists_are_numpys_to_a_byte_and_no_text_changes_anothers() -> None:
    ours = Stream(weights(8, spread=0.1), About("fake", "f" * 64, ("a",) * ACTIONS, 0.1, MARK))
    assert ours.press != ours.plain.press
    x = np.random.default_rng(5).normal(0, 2, (29, WIDTH + 5)).astype(np.float32)
    x[:, -2] = np.clip(x[:, -2], -1, 1)
    x[:, -1] = np.abs(x[:, -1])
    x[0, -1] = 9.0  # more words than a byte can say
    found, wanted = (
        np.array([np.frombuffer(gist, np.int8) for gist in press(x)], int)
        for press in (ours.press, ours.plain.press)
    )
    assert found.shape == (29, LEARNT + GIVEN)
    assert np.abs(found - wanted).max() <= 1
    assert (found != wanted).mean() < 0.02
    assert ours.press(x[3:8]) == ours.press(x)[3:8]
    assert ours.meanings(x[:0, :WIDTH], []) == []


def _sentences(count: int) -> list[str]:
    source, words = (
        random.Random(8),
        "yes no thanks order late the my bill where is it card".split(),
    )
    return ["", *(" ".join(source.choices(words, k=source.randint(1, 9))) for _ in range(count))]


def test_the_light_model_says_and_trusts_what_numpy_does() -> None:
    served = LightScorer(small_light(sure_bias=0.4))
    assert served._thinker is not None
    numpys = LightScorer(small_light(sure_bias=0.4))
    numpys._thinker = None
    for text in _sentences(60):
        found, wanted = served.opinion(text), numpys.opinion(text)
        assert found.agreement == pytest.approx(wanted.agreement, abs=1e-5)
        assert found.scores.abuse == pytest.approx(wanted.scores.abuse, abs=2e-4)
        assert dict(found.scores.intent.ranking) == pytest.approx(
            dict(wanted.scores.intent.ranking), abs=2e-4
        )
        assert found.scores.sentiment.valence == pytest.approx(
            wanted.scores.sentiment.valence, abs=2e-4
        )
        far = np.frombuffer(found.gist, np.int8) - np.frombuffer(wanted.gist, np.int8).astype(int)
        assert np.abs(far).max() <= 1


def test_rows_become_as_long_as_one_whoever_is_beside_them() -> None:
    x = np.random.default_rng(6).normal(size=(9, 21)).astype(np.float32)
    x[4] = 0
    wanted = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    alone = x[7:8].copy()
    readers.unit_rows(x)
    readers.unit_rows(alone)
    np.testing.assert_allclose(x, wanted, atol=1e-6)
    np.testing.assert_array_equal(x[7:8], alone)


def test_what_does_not_fit_is_left_to_numpy() -> None:
    assert readers.reader_of(replace(HEADS[0], slope=np.ones(3, np.float32))) is None
    assert readers.reader_of(replace(HEADS[0], labels=("one", "two"))) is None
    sound, flat = weights(8), np.zeros(5, np.float32)
    assert readers.press_of(sound.gist, sound.gist_offset) is not None
    assert readers.press_of(sound.gist, sound.gist_offset[1:]) is None
    assert readers.press_of(sound.gist[:, :1], sound.gist_offset) is None
    assert readers.press_of(flat, flat) is None

    def light(**arrays: NDArray[np.generic]) -> LightScorer:
        known = small_light()
        return LightScorer(replace(known, arrays=known.arrays | arrays))

    whole: Light = small_light()
    assert light()._thinker is not None
    for name in ("scale", "known", "inner_bias", "trust", "sure"):
        assert light(**{name: whole.arrays[name][:-1]})._thinker is None
    for name in ("table", "known"):
        assert light(**{name: whole.arrays[name].astype(np.int64)})._thinker is None


def test_without_the_library_numpy_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "loaded", lambda: False)
    assert readers.reader_of(HEADS[0]) is None
    ours = Stream(weights(8), About("fake", "f" * 64, ("a",) * ACTIONS, 0.1, MARK))
    assert ours.press == ours.plain.press
    assert LightScorer(small_light())._thinker is None
    x = np.full((2, 5), 3, np.float32)
    readers.unit_rows(x)
    np.testing.assert_allclose(x, 5**-0.5, atol=1e-6)


def test_each_text_has_a_row_of_features_and_none_has_none() -> None:
    vectors = np.random.default_rng(7).normal(size=(3, 8)).astype(np.float32)
    said = ["what a mess", "thanks", ""]
    rows = features(vectors, said)
    for place, text in enumerate(said):
        np.testing.assert_array_equal(
            rows[place : place + 1], features(vectors[place : place + 1], [text])
        )
    assert features(vectors[:0], []).shape == (0, 12)
    assert gist_inputs(vectors[:0], []).shape == (0, 13)
    assert MoodReader(CountingEncoder(), HEADS[0]).read([]) == []
    with pytest.raises(ValueError, match="reshape"):
        features(vectors, ["one for all"])


def test_a_scorer_reads_with_the_compiled_heads() -> None:
    heads = small_heads()
    scorer = ModelScorer(CountingEncoder(), heads)
    assert all(isinstance(r, readers._CompiledHead) for r in scorer._readers.values())
    numpys = ModelScorer(CountingEncoder(), heads)
    numpys._readers = {name: each.of_each for name, each in heads.heads.items()}
    said = ["where is my card", "thanks", "", "no"]
    for ours, theirs in zip(scorer.score(said), numpys.score(said), strict=True):
        assert ours.abuse == pytest.approx(theirs.abuse, abs=1e-4)
        assert ours.intent.label == theirs.intent.label
    assert scorer.read([]) == []
