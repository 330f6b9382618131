"""Teachers: what they say is learnt where nobody labelled it, and words are left out while it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_bert import save_tiny_bert

from cxstream.errors import ModelError
from cxstream.learn.draws import draws
from cxstream.learn.examples import Example
from cxstream.learn.network import Network, Tuning
from cxstream.learn.plans import plans_of
from cxstream.learn.teacher import Teacher, fingerprint, together, tokeniser
from cxstream.learn.train import tuning_mark
from cxstream.learn.tune import tune
from cxstream.understand.heads import LABELS

SAID = {
    "my parcel is broken": "negative",
    "this is lovely": "positive",
    "it is a parcel": "neutral",
}
WORDS = sorted({word for text in SAID for word in text.split()})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_bert(tmp_path_factory.mktemp("tiny"), len(WORDS) + 3)


def tokenise(texts: Sequence[str]) -> list[list[int]]:
    first, last = len(WORDS) + 1, len(WORDS) + 2
    return [[first, *(1 + WORDS.index(word) for word in text.split()), last] for text in texts]


def lessons(*, labelled: bool) -> list[Example]:
    return [
        Example(text, "authored", sentiment=felt if labelled else None)
        for text, felt in list(SAID.items()) * 40
    ]


def plan(told: float = 0.0, dropped: float = 0.0) -> Tuning:
    return replace(
        plans_of().alone,
        rounds={"authored": 10.0},
        batch=8,
        rate=3e-3,
        memory=0.9,
        share=1.0,
        threads=1,
        dropout=0.0,
        told=told,
        dropped=dropped,
    )


def tuned(
    folder: Path, kept: Path, plan: Tuning, *, labelled: bool, teachers: Sequence[Teacher] = ()
) -> Network:
    examples = lessons(labelled=labelled)
    return tune(
        examples,
        [e.text for e in examples],
        folder,
        tokenise,
        plan=plan,
        seed=3,
        report=lambda *_: None,
        kept=kept,
        teachers=teachers,
    )


def felt(network: Network) -> dict[str, str]:
    told = Teacher(network, tokenise).tell(list(SAID), torch.zeros(3, 4), lambda *_: None)
    best = told["sentiment"].argmax(1).tolist()
    return {text: LABELS["sentiment"][n] for text, n in zip(SAID, best, strict=True)}


def test_what_nobody_labelled_is_learnt_from_the_teacher(folder: Path, tmp_path: Path) -> None:
    teacher = tuned(folder, tmp_path / "teacher.pt", plan(), labelled=True)
    assert felt(teacher) == SAID
    alone = tuned(folder, tmp_path / "alone.pt", plan(), labelled=False)
    assert felt(alone) != SAID
    taught = tuned(
        folder,
        tmp_path / "taught.pt",
        plan(told=2.0),
        labelled=False,
        teachers=[Teacher(teacher, tokenise)] * 2,
    )
    assert felt(taught) == SAID


def test_a_teacher_answers_in_the_order_of_the_questions(folder: Path, tmp_path: Path) -> None:
    network = tuned(folder, tmp_path / "kept.pt", plan(), labelled=True)
    texts = ["it is a parcel", "lovely", "my parcel is broken", "this is lovely"]
    tones = torch.rand(4, 4)
    teacher = Teacher(network, tokenise)
    together_ = teacher.tell(texts, tones, lambda *_: None)
    for n, text in enumerate(texts):
        alone = teacher.tell([text], tones[n : n + 1], lambda *_: None)
        for name in alone:
            torch.testing.assert_close(together_[name][n], alone[name][0])


def test_several_teachers_are_averaged() -> None:
    assert together([]) == {}
    told = together([{"abuse": torch.tensor([[1.0]])}, {"abuse": torch.tensor([[3.0]])}])
    assert told["abuse"].tolist() == [[2.0]]


def test_words_are_left_out_of_texts_that_have_some(folder: Path) -> None:
    del folder
    texts = [" ".join(str(n) for n in range(100)), "thank you"]
    examples = [Example(text, "authored") for text in texts]

    def shown(seed: int) -> list[str]:
        found = draws(examples, texts, lambda _: [[1]] * 20, plan(dropped=0.3), seed)
        assert sorted(found.rows) == [0] * 10 + [1] * 10
        return found.texts

    seen = shown(1)
    longer = [text.split() for text in seen if text != "thank you"]
    assert len(longer) == 10
    assert 55 < np.mean([len(words) for words in longer]) < 85
    assert all(words == sorted(words, key=int) for words in longer)
    assert len({tuple(words) for words in longer}) == 10, "each time others"
    assert shown(1) == seen != shown(2)


def test_a_checkpoint_belongs_to_its_teacher(folder: Path, tmp_path: Path) -> None:
    examples = lessons(labelled=True)
    assert tuning_mark(examples, plan(), 3) != tuning_mark(examples, plan(), 3, folder)
    with pytest.raises(ModelError, match=r"model\.safetensors is missing"):
        fingerprint(tmp_path)
    with pytest.raises(ModelError, match=r"no tokenizer\.json"):
        tokeniser(tmp_path, 64)
