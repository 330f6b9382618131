"""How well the stream foresees: AUC by share seen, the alarm's price, and the ranking of next actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cxstream.learn.figures import auc, calibration_error
from cxstream.learn.risk import SHARES, rates, within
from cxstream.learn.stream_data import Dialogue
from cxstream.learn.stream_risk import FOLDS, at_shares, fold_of
from cxstream.understand.tone import tone

RESAMPLES: Final = 200
FALSE_ALARMS: Final = 0.05
"""The alarm's threshold: at most this share of the conversations that end well may set it off."""

Floats = NDArray[np.float64]
Figures = dict[str, float]


def foreseen(
    scores: Mapping[str, Sequence[Floats]],
    dialogues: Sequence[Dialogue],
    outcome: str,
    *,
    shown: Sequence[str],
    seed: int,
) -> dict[str, Figures]:
    """Who foresees -> AUC at each share, over all pairs and within a task, with 95 % intervals.

    Beside the given scores: `vader`, the harshest turn so far, and `task alone`, the rate of the task in the
    other folds. Those `shown` and `vader` get intervals, by resampling customer workers.
    """
    truth = np.array([d.ended[outcome] for d in dialogues])
    tasks = np.array([d.task for d in dialogues])
    workers = np.array([d.worker for d in dialogues])
    who = {name: np.stack([at_shares(s) for s in found]) for name, found in scores.items()}
    who["vader"] = np.stack([at_shares(_harshest(d)) for d in dialogues])
    who["task alone"] = np.repeat(_task_alone(dialogues, outcome)[:, None], len(SHARES), 1)
    table: dict[str, Figures] = {}
    for name, seen in who.items():
        found = table[name] = {}
        for place, share in enumerate(SHARES):
            column = seen[:, place]
            found[f"all {share:.0%}"] = auc(column, truth)
            # the rate of a task tells two of its dialogues apart only by the folds they fell into
            chance = name == "task alone"
            found[f"within {share:.0%}"] = 0.5 if chance else within(column, truth, tasks)
            if name in (*shown, "vader"):
                low, high = _interval(column, truth, tasks, workers, seed)
                found[f"within {share:.0%} low"], found[f"within {share:.0%} high"] = low, high
    return table


def alarms(chances: Sequence[Floats], dialogues: Sequence[Dialogue], outcome: str) -> Figures:
    """What an alarm costs and brings, at the threshold that FALSE_ALARMS allows.

    The moment is the customer's turn of the lowest valence in a dialogue that ended badly; `lead` counts
    turns and seconds from the alarm to it, where the alarm came first or with it. An alarm is withdrawn when
    the probability falls under half of the threshold again.
    """
    truth = np.array([d.ended[outcome] for d in dialogues])
    highest = np.array([c.max() for c in chances])
    threshold = float(np.quantile(highest[~truth], 1 - FALSE_ALARMS, method="higher"))
    raised = highest > threshold
    turns, seconds, before_end = [], [], []
    withdrawn = {True: 0, False: 0}
    for chance, dialogue in zip(chances, dialogues, strict=True):
        if chance.max() <= threshold:
            continue
        at = int(np.argmax(chance > threshold))
        withdrawn[dialogue.ended[outcome]] += bool((chance[at:] < threshold / 2).any())
        if not dialogue.ended[outcome]:
            continue
        spoken = [dialogue.turns[place] for place in dialogue.customer_turns]
        moment = int(np.argmin([turn.said.entry.valence for turn in spoken]))
        before_end.append(spoken[-1].at_s - spoken[at].at_s)
        if at <= moment:
            turns.append(moment - at)
            seconds.append(spoken[moment].at_s - spoken[at].at_s)
    false = int((raised & ~truth).sum())
    true = int((raised & truth).sum())
    return {
        "threshold": threshold,
        "ended so": float(truth.sum()),
        "foreseen": true / max(1, int(truth.sum())),
        "false alarms per 100 conversations": 100 * false / len(truth),
        "share of alarms that were right": true / max(1, true + false),
        "alarms no later than the moment": len(turns) / max(1, true),
        "median lead, customer turns": float(np.median(turns)) if turns else float("nan"),
        "median lead, seconds": float(np.median(seconds)) if seconds else float("nan"),
        "median seconds before the last word": float(np.median(before_end))
        if before_end
        else float("nan"),
        "false alarms withdrawn": withdrawn[False] / max(1, false),
        "right alarms withdrawn": withdrawn[True] / max(1, true),
    }


def calibrated(chances: Sequence[Floats], dialogues: Sequence[Dialogue], outcome: str) -> float:
    """Expected calibration error over all shares."""
    found = np.concatenate([at_shares(c) for c in chances])
    truth = np.repeat(np.array([d.ended[outcome] for d in dialogues]), len(SHARES))
    return calibration_error(found, truth)


def ranked(
    chances: Floats,
    chosen: NDArray[np.int64],
    labels: Sequence[str],
    offered: Sequence[str | None],
    common: Counter[str],
) -> dict[str, Figures]:
    """How often the agent's choice is among the first 1, 3, 5: of the stream, and of the most common actions.

    `listed` looks only at choices from the list, and ranks only these: a typed answer has no action to guess.
    `wizard` is what STAR's own first suggestion reaches where there was one, and the stream in the same places.
    """
    typed = np.array([label in TYPED for label in labels])
    picked = ~typed[chosen]
    usual = np.array([float(common.get(label, 0)) for label in labels])
    usual = np.broadcast_to(usual, chances.shape)
    there = np.array([o is not None for o in offered])
    names = np.array([labels[c] for c in chosen])
    first = np.array([o or "" for o in offered]) == names
    return {
        "stream": _first(chances, chosen),
        "majority": _first(usual, chosen),
        "stream, listed": _first(np.where(typed, -1, chances)[picked], chosen[picked]),
        "majority, listed": _first(np.where(typed, -1, usual)[picked], chosen[picked]),
        "stream, where offered": _first(chances[there], chosen[there]),
        "wizard, where offered": {"n": float(there.sum()), "top 1": float(first[there].mean())},
    }


TYPED: Final = frozenset(("free_text", "custom"))
"""What STAR writes where the agent typed an answer instead of choosing one."""


def _first(chances: Floats, chosen: NDArray[np.int64]) -> Figures:
    own = chances[np.arange(len(chosen)), chosen][:, None]
    earlier = np.arange(chances.shape[1]) < chosen[:, None]
    rank = ((chances > own) | ((chances == own) & earlier)).sum(1)
    return {"n": float(len(chosen))} | {f"top {k}": float((rank < k).mean()) for k in (1, 3, 5)}


def _harshest(dialogue: Dialogue) -> Floats:
    said = [-tone(turn.plain)[3] for turn in dialogue.turns if not turn.acts]
    return np.maximum.accumulate(np.array(said))


def _task_alone(dialogues: Sequence[Dialogue], outcome: str) -> Floats:
    found = np.zeros(len(dialogues))
    folds = [fold_of(d.worker, 0) for d in dialogues]
    for fold in range(FOLDS):
        rate = rates([d for d, f in zip(dialogues, folds, strict=True) if f != fold], outcome)
        for n, dialogue in enumerate(dialogues):
            if folds[n] == fold:
                found[n] = rate(dialogue.task)
    return found


def _interval(
    column: Floats,
    truth: NDArray[np.bool_],
    tasks: NDArray[np.str_],
    workers: NDArray[np.str_],
    seed: int,
) -> tuple[float, float]:
    chance = np.random.default_rng(seed)
    names = np.unique(workers)
    rows = {name: np.flatnonzero(workers == name) for name in names}
    found = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([rows[name] for name in chance.choice(names, len(names))])
        found.append(within(column[drawn], truth[drawn], tasks[drawn]))
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)
