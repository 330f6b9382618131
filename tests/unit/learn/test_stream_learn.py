"""Training of the stream on a small made-up STAR: what is in the data is found, and nothing by chance."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from cxstream.errors import ModelError
from cxstream.learn.stream_data import dialogues
from cxstream.learn.stream_fit import Plan
from cxstream.learn.stream_judge import alarms
from cxstream.learn.stream_phrases import hear, names_in, table_of
from cxstream.learn.stream_risk import at_shares, calibration, crossed, fold_of
from cxstream.learn.stream_train import train_stream
from cxstream.understand.encoder import Vectors
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.phrases import Listener, key_of
from cxstream.understand.stream_file import load

SMALL = Plan(learnt=6, units=12, wide=24, epochs=15, batch=8, rate=0.02, dropout=0.0)


class Words:
    """An encoder that adds up a vector a word."""

    name = "words"
    dimensions = 24
    sentence = 24
    fingerprint = "a" * 64

    def encode(self, texts: Sequence[str]) -> Vectors:
        found = np.zeros((len(texts), 24), np.float32)
        for row, text in zip(found, texts, strict=True):
            for word in text.split():
                row += np.random.default_rng(crc32(word.encode())).normal(size=24)
            row /= max(float(np.linalg.norm(row)), 1e-6)
        return found


_ASKS = {"trip": "I need a train to the coast", "bank": "please move money to my savings"}


def made_up(rng: random.Random, number: int) -> dict[str, object]:
    """A dialogue of five exchanges; the agent asks what the task is about, and some customers lose patience."""
    task = rng.choice(("trip", "bank"))
    annoyed = rng.random() < 0.3
    turns: list[dict[str, object]] = []
    for step in range(5):
        said = _ASKS[task] if not step else rng.choice(("yes", "that is right", "fine", "okay"))
        if annoyed and step >= 2:
            said = rng.choice(("this is terrible, I am angry", "what an awful horrible service"))
        turns.append({"t": step * 40, "s": "customer", "x": said})
        action = f"{task}_ask_{step}"
        turns.append(
            {"t": step * 40 + 15, "s": "agent", "x": action, "a": action, "offered": ["hello", "x"]}
        )
    return {
        "worker": f"w{number % 12}",
        "tasks": [task],
        "labels": {
            "user_annoyed": annoyed,
            "calm_and_helpful": rng.random() < 0.8,
            "goal_met": rng.random() < 0.5,
        },
        "turns": turns,
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("star"), random.Random(5)
    for split, many in (("train", 90), ("dev", 40)):
        lines = [json.dumps(made_up(rng, number)) for number in range(many)]
        with gzip.open(folder / f"star.{split}.jsonl.gz", "wt") as file:
            file.write("\n".join(lines))
    return folder


def quiet(work: str, share: float) -> None:
    assert 0 <= share <= 1


def test_what_is_in_the_data_is_found_and_the_seed_decides_the_rest(
    data: Path, tmp_path: Path
) -> None:
    def trained(name: str, seed: int) -> bytes:
        out = tmp_path / name
        metrics = train_stream(
            Words(), LexiconScorer(), data, out, seed=seed, report=quiet, cache=tmp_path, plan=SMALL
        )
        actions, risk = metrics["next actions"], metrics["risk"]["annoyed"]
        assert actions["stream"]["top 1"] > actions["majority"]["top 1"] + 0.3
        assert actions["wizard, where offered"]["top 1"] == 0
        assert risk["foreseen"][risk["shipped"]]["within 75%"] > 0.9
        assert risk["foreseen"]["task alone"]["within 75%"] == 0.5
        assert risk["calibration error"] < 0.1
        card = (out / "risk" / "card.md").read_text()
        assert "@" not in card.replace("@3058975", "")
        stream = load(out / "risk" / "stream.safetensors")
        assert "trip_ask_0" in stream.about.labels
        assert stream.fits(Words()) is stream
        return (out / "risk" / "stream.safetensors").read_bytes()

    first = trained("first", 0)
    assert trained("again", 0) == first


def test_without_data_the_error_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"star\.train\.jsonl\.gz"):
        train_stream(
            Words(), LexiconScorer(), tmp_path, tmp_path, seed=0, report=quiet, cache=tmp_path
        )


def test_no_worker_is_met_in_training(data: Path) -> None:
    """A number that only names the worker's ends foresees nothing."""
    told = dialogues(LexiconScorer(), data, quiet)
    assert len({fold_of(d.worker, 0) for d in told}) > 1
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(len(d.customer_turns), 15 + 52 + 8)) for d in told]
    told = [
        replace(
            d,
            turns=tuple(replace(t, plain=f"i am {d.worker} {t.plain}") for t in d.turns),
            ended=ended,
        )
        for d in told
        for ended in [{"annoyed": crc32(d.worker.encode()) % 2 == 0}]
    ]
    scores = crossed(rows, told, hear(told, common=2), "annoyed", 8)
    truth = np.array([d.ended["annoyed"] for d in told])
    for name in ("stream", "phrases"):
        last = np.array([s[-1] for s in scores[name]])
        assert abs(last[truth].mean() - last[~truth].mean()) < 0.5


def test_the_table_is_what_the_folds_are_judged_by_and_knows_no_names(data: Path) -> None:
    told = dialogues(LexiconScorer(), data, quiet)
    told = [
        replace(
            d,
            turns=tuple(
                replace(t, text=f"it is Ana, and {t.text}", plain=f"it is ana and {t.plain}")
                for t in d.turns
            ),
        )
        for d in told
    ]
    assert names_in(told) == {"ana"}
    heard = hear(told)
    phrases = table_of(heard, told)
    keys = phrases.keys.tolist()
    assert keys == sorted(set(keys))
    assert key_of(b"terrible") in keys
    assert not {key_of(b"ana"), key_of(b"is ana")}.intersection(keys)
    assert phrases.table[keys.index(key_of(b"terrible")), 0] > 500
    assert abs(phrases.table[keys.index(key_of(b"it is")), 0]) < 5, "everybody says it"
    column = heard.column(told, "annoyed")
    assert column.tolist() == phrases.table[:, 0].tolist()
    listener = Listener(phrases)
    for dialogue, means in zip(told[:9], heard.means(column, range(9)), strict=True):
        said = [
            np.frombuffer(listener.hear(t.plain), np.int8)[0] for t in dialogue.turns if not t.acts
        ]
        assert np.cumsum(said) / np.arange(1, len(said) + 1) / 127 == pytest.approx(means, abs=0.01)


def test_calibrated_scores_meet_the_rate() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(2000) < 0.1
    scores = [rng.normal(2.0 * t, 1.0, size=4) for t in truth]
    slope, offset = calibration(scores, truth)
    found = 1 / (1 + np.exp(-(slope * np.concatenate([at_shares(s) for s in scores]) + offset)))
    assert found.mean() == pytest.approx(truth.mean(), abs=0.005)
    assert slope > 0


def test_an_alarm_is_counted_once_and_its_lead_is_measured_from_the_first(data: Path) -> None:
    told = dialogues(LexiconScorer(), data, quiet)
    chances = []
    for dialogue in told:
        bad = dialogue.ended["annoyed"]
        chances.append(np.array([0.1, 0.9, 0.9, 0.9, 0.2] if bad else [0.1] * 5))
    found = alarms(chances, told, "annoyed")
    assert found["foreseen"] == 1
    assert found["false alarms per 100 conversations"] == 0
    assert found["alarms no later than the moment"] == 1
    assert found["median lead, customer turns"] >= 1
    assert found["median seconds before the last word"] == 120
    assert found["right alarms withdrawn"] == 0
