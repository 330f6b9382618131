"""The light model: sound scores of any text, a memo word for word, and a file that belongs to one teacher."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from light_models import Heavy, small_light, some_scores
from safetensors.numpy import save_file

from cxstream.errors import ModelError
from cxstream.understand.light import (
    LONGEST,
    LightScorer,
    buckets_of,
    load_light,
    numbers_of,
    save_light,
    scores_of,
)
from cxstream.understand.normalise import normalise


@settings(deadline=None)
@given(st.text())
def test_any_text_has_sound_scores_and_an_agreement(text: str) -> None:
    light = LightScorer(small_light())
    (scores,) = light.score([text])
    assert len(scores.intent.ranking) == 5
    tone = scores.sentiment.probabilities
    assert tone.negative + tone.neutral + tone.positive == pytest.approx(1, abs=2e-4)
    assert scores.model == "light-small"
    assert not scores.degraded
    answer = light.answer(normalise(text))
    assert answer is None or (answer.scores == scores and 0 <= answer.agreement <= 1)


def test_words_and_their_order_count() -> None:
    light = LightScorer(small_light())
    forth, back, other = light.score(["no thank you", "you thank no", "no thank goodness"])
    assert forth != back
    assert forth != other
    assert light.score(["No, thank you!"]) == [forth]


def test_a_long_text_is_left_to_the_transformer() -> None:
    light = LightScorer(small_light())
    assert light.answer(" ".join(["word"] * LONGEST)) is not None
    assert light.answer(" ".join(["word"] * (LONGEST + 1))) is None


def test_the_memo_holds_the_teachers_own_scores() -> None:
    texts = ["yes", "ok thanks", "bye"]
    light = LightScorer(small_light(texts))
    for text, truth in zip(texts, Heavy().score(texts), strict=True):
        answer = light.answer(text)
        assert answer is not None
        assert answer.agreement == 1
        assert numbers_of(answer.scores).tolist() == numbers_of(truth).tolist()
        assert answer.scores.model == "light-small"
    not_kept = light.answer("yes yes")
    assert not_kept is not None
    assert not_kept.agreement < 1


def test_numbers_and_back() -> None:
    for seed in range(20):
        scores = some_scores(seed)
        assert scores_of(numbers_of(scores), scores.model) == scores


def test_a_text_is_its_words_and_its_pairs() -> None:
    assert len(buckets_of("a b c", 1000)) == 3 + 4
    assert buckets_of("a b c", 1000)[:3] == [buckets_of(w, 1000)[0] for w in "abc"]
    assert set(buckets_of("a b", 10**9)) - set(buckets_of("b a", 10**9))


def test_the_file_gives_the_same_scores(tmp_path: Path) -> None:
    light = small_light(["yes"])
    for name in ("a", "b"):
        save_light(light, tmp_path / name / "light.safetensors")
    first, second = (tmp_path / n / "light.safetensors" for n in "ab")
    assert first.read_bytes() == second.read_bytes()
    back = load_light(first)
    assert (back.name, back.teacher, back.threshold) == (light.name, light.teacher, 0.8)
    texts = ["yes", "where is it", ""]
    assert LightScorer(back).score(texts) == LightScorer(light).score(texts)


def test_a_damaged_file_is_a_model_error(tmp_path: Path) -> None:
    path = tmp_path / "light.safetensors"
    with pytest.raises(ModelError, match="no light model"):
        load_light(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match="cannot be read"):
        load_light(path)
    save_file({"table": np.zeros(1)}, path, metadata={"cxstream": '{"format": "0"}'})
    with pytest.raises(ModelError):
        load_light(path)
