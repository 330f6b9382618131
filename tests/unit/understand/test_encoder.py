"""The encoder gives a text the same bits whoever stands beside it, and those that transformers gives."""

from __future__ import annotations

import json
import random
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import torch

from cxstream.errors import ModelError
from cxstream.understand.encoder import Vectors
from cxstream.understand.minilm import MiniLm, packaged

_WORDS = (
    "my order bill was charged twice this month and nobody called me back please cancel it".split()
)


@pytest.fixture(scope="module")
def encoder() -> MiniLm:
    return MiniLm()


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Short and long, as people speak: mostly a few words, some of more than the encoder reads."""
    chance = random.Random(5)
    lengths = [chance.choice((0, 1, 2, 3, 5, 8, 12, 16, 24, 35, 200)) for _ in range(90)]
    return [" ".join(chance.choices(_WORDS, k=n)) for n in lengths]


@pytest.fixture(scope="module")
def alone(encoder: MiniLm, texts: list[str]) -> Vectors:
    return np.concatenate([encoder.encode([text]) for text in texts])


@pytest.mark.parametrize("size", [2, 3, 7, 8, 31, 64, 90])
def test_neighbours_change_no_bit(
    encoder: MiniLm, texts: list[str], alone: Vectors, size: int
) -> None:
    order = list(range(len(texts)))
    random.Random(size).shuffle(order)
    for start in range(0, len(order), size):
        part = order[start : start + size]
        assert (encoder.encode([texts[i] for i in part]) == alone[part]).all()


def test_the_number_of_threads_changes_no_bit(
    encoder: MiniLm, texts: list[str], alone: Vectors
) -> None:
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            assert (encoder.encode(texts) == alone).all()
    finally:
        torch.set_num_threads(before)


def test_it_is_the_model_that_transformers_loads(
    encoder: MiniLm, texts: list[str], alone: Vectors
) -> None:
    from transformers import AutoTokenizer, BertModel

    bert = BertModel.from_pretrained(str(packaged()), local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(str(packaged()), local_files_only=True)
    for text, mine in zip(texts[:25], alone[:25], strict=True):
        tokens = tokenizer([text], return_tensors="pt", truncation=True, max_length=128)
        with torch.inference_mode():
            states = bert(**tokens).last_hidden_state[0]
        mean, first = states.mean(0), states[0]
        theirs = torch.cat([mean / mean.norm(), first / first.norm()]).numpy()
        np.testing.assert_allclose(mine, theirs, atol=2e-6)


def test_rows_are_unit_vectors_in_order(encoder: MiniLm, alone: Vectors) -> None:
    assert alone.dtype == np.float32
    assert alone.shape == (90, encoder.dimensions)
    for half in (alone[:, : encoder.sentence], alone[:, encoder.sentence :]):
        np.testing.assert_allclose(np.linalg.norm(half, axis=1), 1.0, atol=1e-6)
    assert encoder.encode([]).shape == (0, 768)


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the encoder opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert len(MiniLm().fingerprint) == 64


def test_what_is_no_bert_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.safetensors is missing"):
        MiniLm(tmp_path)
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).symlink_to(packaged() / name)
    about = json.loads((packaged() / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**about, "model_type": "gpt2"}))
    with pytest.raises(ModelError, match="gpt2, not a bert"):
        MiniLm(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**about, "num_hidden_layers": 7}))
    with pytest.raises(ModelError, match="cannot be loaded"):
        MiniLm(tmp_path)
    shutil.copy(packaged() / "config.json", tmp_path / "config.json")
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(ModelError, match="cannot be loaded"):
        MiniLm(tmp_path)
