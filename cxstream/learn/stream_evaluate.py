"""How the stream does on dialogues that neither its network nor its weighing has seen.

On train and dev the card of the risk has the figures, by cross-validation: the shipped weights were fitted on
both. Any other split is measured here, with the weights as they ship.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np

from cxstream.learn.evaluate import Figures
from cxstream.learn.figures import calibration_error
from cxstream.learn.risk import SHARES, within
from cxstream.learn.stream_data import LEARNT, Dialogue, Kept, dialogues, texts, with_gist
from cxstream.learn.stream_judge import Floats, ranked
from cxstream.learn.stream_risk import at_shares
from cxstream.learn.vectors import vectors
from cxstream.understand.model import ModelScorer
from cxstream.understand.normalise import normalise
from cxstream.understand.stream import Stream
from cxstream.understand.trajectory import OUTCOMES


def evaluate_stream(
    stream: Stream,
    scorer: ModelScorer,
    data: Path,
    split: str,
    *,
    report: Callable[[str, float], None],
    cache: Path,
) -> Figures:
    """Risk by share of the customer's turns seen, within the same task, and the ranking of next actions.

    Nothing for the splits that the stream was fitted on, and where the data have no dialogues.
    """
    if split in LEARNT or not (data / f"star.{split}.jsonl.gz").is_file():
        return {}
    written = texts(data, (split,))
    plain = [normalise(text) for text in written]
    rows = vectors(scorer.encoder, plain, cache, report)
    known = Kept(scorer.encoder, dict(zip(plain, rows, strict=True)))
    told = dialogues(ModelScorer(known, scorer.heads), data, report, (split,))
    gists = dict(zip(written, stream.gists(rows, plain), strict=True))
    figures: Figures = {}
    foreseen = [_foreseen(stream, dialogue, gists) for dialogue in told]
    for number, outcome in enumerate(OUTCOMES):
        asked = [n for n, d in enumerate(told) if outcome in d.ended]
        truth = np.array([told[n].ended[outcome] for n in asked])
        if not truth.any():
            continue
        tasks = np.array([told[n].task for n in asked])
        seen = np.stack([at_shares(foreseen[n][:, number]) for n in asked])
        figures[f"risk, {outcome}"] = {
            "n": float(len(asked)),
            "base": float(truth.mean()),
            **{
                f"within_task_auc_at_{share:.0%}": within(seen[:, place], truth, tasks)
                for place, share in enumerate(SHARES)
            },
            "ece": calibration_error(seen.ravel(), np.repeat(truth, len(SHARES))),
        }
    figures |= _actions(stream, told, gists)
    return {
        task: {name: round(value, 4) for name, value in found.items()}
        for task, found in figures.items()
    }


def _foreseen(stream: Stream, dialogue: Dialogue, gists: dict[str, bytes]) -> Floats:
    """The three probabilities after each of the customer's turns: (turns, 3)."""
    memory, found = b"", []
    for turn in dialogue.turns:
        memory = stream.follow(memory, with_gist(turn, gists))
        if turn.measured is not None:
            weights = stream.weights
            evidence = stream.plain.evidence(memory, tuple(turn.measured.values()))
            odds = np.asarray(weights.risk @ evidence + weights.risk_offset, np.float64)
            found.append(1 / (1 + np.exp(-odds)))
    return np.stack(found)


def _actions(stream: Stream, told: list[Dialogue], gists: dict[str, bytes]) -> Figures:
    place = {label: number for number, label in enumerate(stream.about.labels)}
    chances, chosen, offered = [], [], []
    for dialogue in told:
        memory = b""
        for turn, after in pairwise(dialogue.turns):
            memory = stream.follow(memory, with_gist(turn, gists))
            if after.action in place:
                chances.append(stream.plain.chances(memory))
                chosen.append(place[after.action])
                offered.append(after.offered)
    if not chances:
        return {}
    found, picks = np.stack(chances), np.array(chosen)
    table = ranked(found, picks, stream.about.labels, offered, Counter())
    figures = {
        f"next action, {who}": {"n": values["n"], "top_1": values["top 1"]}
        | ({"top_3": values["top 3"]} if "top 3" in values else {})
        for who, values in table.items()
        if not who.startswith("majority")
    }
    figures["next action, stream"]["ece"] = calibration_error(
        found.max(1), found.argmax(1) == picks
    )
    return figures
