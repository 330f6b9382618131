"""Tuning, on a BERT of a few hundred weights: it learns, it repeats itself, it goes on where it stopped."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_bert import save_tiny_bert
from transformers import BertModel

from cxstream.learn import tune as tuning
from cxstream.learn.examples import Example
from cxstream.learn.network import Network, Tuning, multiplies_halves
from cxstream.learn.plans import plans_of
from cxstream.learn.train import averaged, heads_of, save_layers, tuning_mark
from cxstream.learn.tune import tune
from cxstream.understand.heads import LABELS
from cxstream.understand.tone import tone

WORDS = (
    "give",
    "me",
    "my",
    "money",
    "back",
    "where",
    "is",
    "parcel",
    "you",
    "toad",
    "lovely",
    "bad",
)
SAID = {
    "give me my money back": ("refund_request", "negative", 0.0),
    "where is my parcel": ("order_or_delivery_status", "neutral", 0.0),
    "you bad toad": (None, "negative", 1.0),
    "lovely": ("thanks", "positive", 0.0),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_bert(tmp_path_factory.mktemp("tiny"), len(WORDS) + 2)


def tokenise(texts: Sequence[str]) -> list[list[int]]:
    return [[len(WORDS), *map(WORDS.index, text.split()), len(WORDS) + 1] for text in texts]


def lessons() -> list[Example]:
    drawn = random.Random(2).choices(list(SAID), k=160)
    return [
        Example(
            text,
            "authored" if n % 2 else "banking77",
            intent=SAID[text][0],
            sentiment=SAID[text][1],
            abuse=bool(SAID[text][2]),
            abuse_share=SAID[text][2],
            fine=None if n % 2 else frozenset({text[:3]}),
        )
        for n, text in enumerate(drawn)
    ]


@pytest.fixture(scope="module")
def plan() -> Tuning:
    rounds = {"authored": 12.0, "banking77": 11.5}
    return replace(
        plans_of().alone,
        rounds=rounds,
        batch=8,
        rate=3e-3,
        memory=0.9,
        share=1.0,
        threads=1,
        dropout=0.0,
    )


def run(folder: Path, plan: Tuning, kept: Path, seed: int = 3) -> tuple[Network, list[float]]:
    told: list[float] = []
    examples = lessons()
    network = tune(
        examples,
        [e.text for e in examples],
        folder,
        tokenise,
        plan=plan,
        seed=seed,
        report=lambda _, share: told.append(share),
        kept=kept,
    )
    return network, told


def bits(network: Network) -> bytes:
    return b"".join(value.numpy().tobytes() for value in network.state_dict().values())


def test_it_learns_what_it_is_taught(folder: Path, plan: Tuning, tmp_path: Path) -> None:
    network, told = run(folder, plan, tmp_path / "kept.pt")
    assert told[-1] == 1.0
    for text, (intent, sentiment, _) in SAID.items():
        ids = torch.tensor(tokenise([text]))
        with torch.no_grad():
            vectors, firsts = network(ids, torch.ones_like(ids))
            read = torch.cat([vectors * 4, firsts * 4, torch.tensor([tone(text)])], 1)
            felt = LABELS["sentiment"][int(network.heads["sentiment"](read).argmax())]
            wanted = LABELS["intent"][int(network.heads["intent"](read).argmax())]
        assert felt == sentiment
        assert intent is None or wanted == intent


def test_the_word_vectors_stay_and_the_layers_move(
    folder: Path, plan: Tuning, tmp_path: Path
) -> None:
    network, _ = run(folder, plan, tmp_path / "kept.pt")
    before = BertModel.from_pretrained(folder, add_pooling_layer=False).state_dict()
    after = network.body.state_dict()
    moved = {name.split(".")[0] for name, value in after.items() if not value.equal(before[name])}
    assert moved == {"encoder"}
    save_layers(network, tmp_path / "layers.safetensors")
    assert (tmp_path / "layers.safetensors").stat().st_size < 16_000
    assert heads_of(network)["intent"].layers[0][0].shape == (256, 36)


def test_the_same_seed_gives_the_same_weights(folder: Path, plan: Tuning, tmp_path: Path) -> None:
    first, second, other = (
        bits(run(folder, plan, tmp_path / f"{n}.pt", seed)[0]) for n, seed in enumerate((3, 3, 4))
    )
    assert first == second != other


def test_a_run_that_was_cut_off_goes_on(
    folder: Path, plan: Tuning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "KEEP", 20)
    whole = bits(run(folder, plan, tmp_path / "whole.pt")[0])

    def cut(_: str, share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    examples = lessons()
    texts = [e.text for e in examples]
    kept = tmp_path / "cut.pt"
    with pytest.raises(KeyboardInterrupt):
        tune(examples, texts, folder, tokenise, plan=plan, seed=3, report=cut, kept=kept)
    network, told = run(folder, plan, kept)
    assert 0.2 < told[0] < 0.6
    assert bits(network) == whole


def test_what_is_kept_lies_between_the_tuned_and_the_untouched(
    folder: Path, plan: Tuning, tmp_path: Path
) -> None:
    name = "encoder.layer.1.output.dense.weight"
    came = BertModel.from_pretrained(folder, add_pooling_layer=False).state_dict()[name]
    tuned, mixed = (
        run(folder, replace(plan, share=share), tmp_path / f"{share}.pt")[0].body.state_dict()[name]
        for share in (1.0, 0.25)
    )
    torch.testing.assert_close(mixed, came + 0.25 * (tuned - came))


def test_the_mean_of_runs_that_started_alike_knows_what_they_know(
    folder: Path, plan: Tuning, tmp_path: Path
) -> None:
    name = "body.encoder.layer.1.output.dense.weight"
    slow, fast = (
        run(folder, replace(plan, rate=rate), tmp_path / f"{rate}.pt")[0] for rate in (3e-3, 4e-3)
    )
    wanted = (2 * slow.state_dict()[name] + fast.state_dict()[name]) / 3
    mean = averaged([slow, fast], [2.0, 1.0])
    torch.testing.assert_close(mean.state_dict()[name], wanted)
    ids = torch.tensor(tokenise(["give me my money back"]))
    with torch.no_grad():
        vectors, firsts = mean(ids, torch.ones_like(ids))
        read = mean.reading(vectors, firsts, torch.zeros(1, 4), 0.0)
        said = LABELS["intent"][int(mean.heads["intent"](read).argmax())]
    assert said == "refund_request"


def test_another_share_costs_no_tuning(folder: Path, plan: Tuning, tmp_path: Path) -> None:
    other = replace(plan, share=0.25)
    assert tuning_mark(lessons(), other, 3) == tuning_mark(lessons(), plan, 3)
    assert tuning_mark(lessons(), replace(plan, rate=1e-3), 3) != tuning_mark(lessons(), plan, 3)
    run(folder, plan, tmp_path / "kept.pt")
    again, told = run(folder, other, tmp_path / "kept.pt")
    assert told == [1.0]
    assert bits(again) == bits(run(folder, other, tmp_path / "afresh.pt")[0])


@pytest.mark.parametrize(
    ("flags", "halves"),
    [("fma avx512f avx512_vnni", False), ("avx512f avx512_bf16", True), ("amx_bf16", True)],
)
def test_halves_are_multiplied_only_where_the_processor_can(
    tmp_path: Path, flags: str, halves: bool
) -> None:
    about = tmp_path / "cpuinfo"
    about.write_text(f"processor : 0\nflags : {flags}\n", encoding="utf-8")
    assert multiplies_halves(about) is halves
    assert not multiplies_halves(tmp_path / "nothing")
