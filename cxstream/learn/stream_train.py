"""Trains and judges the stream of risk and next actions: STAR's dialogues in, `risk/` out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from cxstream.learn.figures import calibration_error
from cxstream.learn.stream_card import write_card
from cxstream.learn.stream_data import Dialogue, Kept, Report, dialogues, texts, with_gist
from cxstream.learn.stream_fit import Plan, cooled, fit_network, sequences
from cxstream.learn.stream_judge import alarms, calibrated, foreseen, ranked
from cxstream.learn.stream_phrases import hear, table_of
from cxstream.learn.stream_risk import (
    best,
    blended,
    calibration,
    crossed,
    evidence,
    fit_parts,
    with_phrases,
)
from cxstream.learn.vectors import vectors
from cxstream.understand.encoder import Encoder
from cxstream.understand.model import ModelScorer
from cxstream.understand.normalise import normalise
from cxstream.understand.phrases import TOLD
from cxstream.understand.scorer import Scorer
from cxstream.understand.stream import About, Stream, gist_inputs
from cxstream.understand.stream_file import PLACE, mark, save
from cxstream.understand.trajectory import OUTCOMES

Metrics = dict[str, Any]
PLAN: Final = Plan()
_TEMPERATURES: Final = np.linspace(0.6, 2.0, 29)


def train_stream(
    encoder: Encoder,
    scorer: Scorer,
    data: Path,
    out: Path,
    *,
    seed: int,
    report: Report,
    cache: Path,
    plan: Plan = PLAN,
) -> Metrics:
    """Fit the stream on any encoder and its heads; write `out/risk/` (weights, metrics.json, card.md).

    Vectors are kept in `cache`. The network learns from the train split; the next actions are judged on
    the dev split, the risk by cross-validation over both. ModelError when the data are missing.
    """
    torch.set_num_threads(1)  # with more, sums would be split by chance of the machine
    written = texts(data)
    plain = [normalise(text) for text in written]
    found = vectors(encoder, plain, cache, report)
    if isinstance(scorer, ModelScorer):  # it need not encode again
        scorer = ModelScorer(Kept(encoder, dict(zip(plain, found, strict=True))), scorer.heads)
    told = dialogues(scorer, data, report)
    inputs = gist_inputs(found, plain)
    row_of = {text: row for row, text in enumerate(written)}
    taught = [d for d in told if d.split == "train"]
    labels = sorted({t.action for d in taught for t in d.turns if t.action})
    weights = fit_network(
        sequences(taught, row_of, inputs, labels),
        inputs,
        len(labels),
        plan,
        seed=seed,
        report=report,
    )
    about = About(encoder.name, encoder.fingerprint, tuple(labels), 1.0, bytes(8))
    stream = Stream(weights, about)
    gists = {
        text: stream.whole(meaning, words)
        for text, words, meaning in zip(written, plain, stream.press(inputs), strict=True)
    }
    report("judging the stream", 0.0)
    stream, actions = _judge_actions(stream, told, gists)
    report("judging the stream", 0.2)
    stream, risk = _weigh_risk(stream, told, gists, seed=seed, report=report)
    save(stream, out / PLACE)
    metrics: Metrics = _rounded(
        {
            "encoder": encoder.name,
            "encoder_sha256": encoder.fingerprint,
            "scorer": scorer.name,
            "seed": seed,
            "dialogues": {s: sum(d.split == s for d in told) for s in ("train", "dev")},
            "risk": risk,
            "next actions": actions,
        }
    )
    folder = out / "risk"
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    write_card(metrics, folder / "card.md")
    return metrics


def _judge_actions(
    stream: Stream, told: Sequence[Dialogue], gists: Mapping[str, bytes]
) -> tuple[Stream, Metrics]:
    """Cool the next actions on half of the dev dialogues; judge the ranking on all of them."""
    place = {label: number for number, label in enumerate(stream.about.labels)}
    chances, chosen, offered, cools = [], [], [], []
    for number, dialogue in enumerate(d for d in told if d.split == "dev"):
        memory = b""
        for turn, after in pairwise(dialogue.turns):
            memory = stream.follow(memory, with_gist(turn, gists))
            if after.action in place:
                chances.append(stream.plain.chances(memory))
                chosen.append(place[after.action])
                offered.append(after.offered)
                cools.append(number % 2 == 0)
    found, picks, half = np.log(np.stack(chances) + 1e-12), np.array(chosen), np.array(cools)

    def surprise(temperature: float) -> float:
        cold = found[half] / temperature
        rows = np.arange(len(cold))
        return float((np.log(np.exp(cold).sum(1)) - cold[rows, picks[half]]).mean())

    temperature = min(_TEMPERATURES.tolist(), key=surprise)
    warm = np.exp(found / temperature)
    warm /= warm.sum(1, keepdims=True)
    common = Counter(t.action for d in told if d.split == "train" for t in d.turns if t.action)
    table: Metrics = dict(ranked(warm, picks, stream.about.labels, offered, common))
    table["calibration error"] = calibration_error(
        warm.max(1)[~half], warm.argmax(1)[~half] == picks[~half]
    )
    table["temperature"] = temperature
    return Stream(cooled(stream.weights, temperature), stream.about), table


def _weigh_risk(
    stream: Stream,
    told: Sequence[Dialogue],
    gists: Mapping[str, bytes],
    *,
    seed: int,
    report: Report,
) -> tuple[Stream, Metrics]:
    """Pick by cross-validation what each outcome is weighed on, and fit that on everything."""
    rows, everything = evidence(stream, told, gists), hear(told)
    weight, offset = np.zeros_like(stream.weights.risk), np.zeros_like(stream.weights.risk_offset)
    table: Metrics = {}
    for number, outcome in enumerate(OUTCOMES):
        report("judging the stream", 0.3 + 0.2 * number)
        known = [n for n, d in enumerate(told) if outcome in d.ended]
        asked, seen = [told[n] for n in known], [rows[n] for n in known]
        heard = everything.of(known)
        scores = crossed(seen, asked, heard, outcome, stream.weights.hidden.shape[1])
        shipped = best(scores, asked, outcome)
        truth = np.array([d.ended[outcome] for d in asked])
        slope, base = calibration(scores[shipped], truth)
        chances = [1 / (1 + np.exp(-(slope * s + base))) for s in scores[shipped]]
        table[outcome] = {
            "shipped": shipped,
            "dialogues": len(asked),
            "ended so": int(truth.sum()),
            "foreseen": foreseen(scores, asked, outcome, shown=(shipped, "by hand"), seed=seed),
            "alarm": alarms(chances, asked, outcome),
            "calibration error": calibrated(chances, asked, outcome),
        }
        full = with_phrases(seen, asked, heard, outcome, range(len(seen)), 0)
        weighed = blended(fit_parts(full, asked, outcome, stream.weights.hidden.shape[1]), shipped)
        weight[number, :-TOLD] = slope * weighed.weight[:-1]
        weight[number, number - TOLD] = slope * weighed.weight[-1]
        offset[number] = slope * weighed.offset + base
    about = replace(stream.about, alarm=round(table["annoyed"]["alarm"]["threshold"], 4))
    phrases = table_of(everything, told)
    weights = replace(stream.weights, risk=weight, risk_offset=offset, phrases=phrases)
    return Stream(weights, replace(about, mark=mark(weights))), table


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return round(float(value), 4) if isinstance(value, float) else value
