"""The card of the conversation risk: how well the hand-set weights foresee, beside fitted ones and VADER."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cxstream.learn.figures import auc
from cxstream.learn.risk import SHARES, Seen, dialogues, rates, within
from cxstream.understand.scorer import Scorer
from cxstream.understand.trajectory import OUTCOMES, RuleTrajectory, Weighing, measures

FOLDS: Final = 5
RESAMPLES: Final = 200
_RIDGE: Final = 10.0

Floats = NDArray[np.float64]
Table = dict[str, dict[str, dict[str, float]]]
"""Outcome -> who foresees -> name of the figure -> value."""


def judge_risk(
    scorer: Scorer, data: Path, out: Path, *, seed: int, report: Callable[[str, float], None]
) -> Table:
    """Compare on STAR's train and dev dialogues by five folds of customer workers; write `out/risk/`."""
    seen = dialogues(scorer, data, "dev", report) + dialogues(scorer, data, "train", report)
    table = compare(seen, seed=seed)
    folder = out / "risk"
    folder.mkdir(parents=True, exist_ok=True)
    metrics = {"scorer": scorer.name, "seed": seed, "figures": table}
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    text = _TEXT.replace("@SCORER@", scorer.name).replace("@FIGURES@", _lines(table))
    (folder / "card.md").write_text(text, encoding="utf-8")
    return table


def compare(seen: Sequence[Seen], *, seed: int) -> Table:
    """AUC by share of the conversation seen: over all pairs, and `within` the same task.

    `by hand` is `RuleTrajectory`; `fitted` a logistic over the same measures and `task` the rate of the
    task, both from the other folds only; `vader` the most negative turn so far. `low` and `high` hold
    95 % of what resampled customer workers give.
    """
    rule = RuleTrajectory()
    table: Table = {}
    for outcome in OUTCOMES:
        known = [s for s in seen if outcome in s.ended]
        truth = np.array([s.ended[outcome] for s in known])
        tasks = np.array([s.task for s in known])
        workers = np.array([s.worker for s in known])
        folds = np.array([sha256(s.worker.encode()).digest()[0] % FOLDS for s in known])
        fitted = np.zeros((len(known), len(SHARES)))
        task = np.zeros(len(known))
        for fold in range(FOLDS):
            rest = [s for s, f in zip(known, folds, strict=True) if f != fold]
            weighing, rate = fit_weighing(rest, outcome), rates(list(rest), outcome)
            for row in np.flatnonzero(folds == fold):
                task[row] = rate(known[row].task)
                fitted[row] = [weighing.probability(measures(f)) for f in known[row].facts]
        hand = np.array([[getattr(rule.risk(f), outcome) for f in s.facts] for s in known])
        vader = -np.array([s.worst_word for s in known])
        table[outcome] = {
            "all": {"n": float(len(known)), "ended so": float(truth.sum())},
            "task": {"100%": auc(task, truth)},
        }
        for name, risk in (("by hand", hand), ("fitted", fitted), ("vader", vader)):
            found: dict[str, float] = {}
            for place, share in enumerate(SHARES):
                found[f"{share:.0%}"] = auc(risk[:, place], truth)
                found[f"within {share:.0%}"] = within(risk[:, place], truth, tasks)
            last = risk[:, SHARES.index(0.75)]
            low, high = _interval(last, truth, tasks, workers, seed)
            table[outcome][name] = {**found, "within 75% low": low, "within 75% high": high}
    return {
        outcome: {
            who: {name: round(value, 3) for name, value in found.items()}
            for who, found in parts.items()
        }
        for outcome, parts in table.items()
    }


def fit_weighing(seen: Sequence[Seen], outcome: str) -> Weighing:
    """A logistic on the measures of all parts of the dialogues, both ends weighing the same (Newton, ridge)."""
    names = list(measures({}))
    x = np.array([[*measures(f).values(), 1.0] for s in seen for f in s.facts])
    y = np.array([float(s.ended[outcome]) for s in seen for _ in s.facts])
    share = y.mean()
    row_weight = np.where(y > 0, 0.5 / share, 0.5 / (1 - share))
    ridge = np.diag([_RIDGE] * len(names) + [1e-6])
    w = np.zeros(x.shape[1])
    for _ in range(20):
        p = 1 / (1 + np.exp(-x @ w))
        slope = x.T @ (row_weight * (p - y)) + ridge @ w
        bend = (x * (row_weight * p * (1 - p))[:, None]).T @ x + ridge
        w -= np.linalg.solve(bend, slope)
    return Weighing(float(w[-1]), dict(zip(names, w[:-1].tolist(), strict=True)))


def _interval(
    risk: Floats,
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
        found.append(within(risk[drawn], truth[drawn], tasks[drawn]))
    low, high = np.nanquantile(found, [0.025, 0.975])
    return float(low), float(high)


def _lines(table: Table) -> str:
    shares = [f"{share:.0%}" for share in SHARES]
    lines = [
        f"| outcome | by | {' | '.join(shares)} | 75 %, 95 % interval |",
        "|---|---|" + "---|" * (len(shares) + 1),
    ]
    for outcome, parts in table.items():
        count = f"{outcome} ({parts['all']['ended so']:.0f} of {parts['all']['n']:.0f})"
        for who, found in parts.items():
            if "within 75%" not in found:
                continue
            cells = [f"{found[s]:.2f} / {found[f'within {s}']:.2f}" for s in shares]
            interval = f"{found['within 75% low']:.2f} to {found['within 75% high']:.2f}"
            lines.append(f"| {count} | {who} | {' | '.join(cells)} | {interval} |")
        lines.append(f"| {count} | task alone | " + f"{parts['task']['100%']:.2f} | " * 4 + " |")
    return "\n".join(lines)


_TEXT: Final = """\
# risk: how a conversation is going

Three numbers after every customer utterance, from the facts of the conversation so far (running sums and
maxima; `cxstream/understand/trajectory.py`): the risk that the customer ends up annoyed, dissatisfied,
or without what they came for. **The weights are set by hand** (`RuleTrajectory`). They are an index from
0 to 1, not probabilities: in STAR four customers in a hundred end up annoyed, and no honest probability
would then pass a half.

## Why by hand: the comparison

On the STAR dialogues (Mosig and others 2020, RasaHQ/STAR @3058975, MIT; crowd workers playing customer
and agent; labels from the questionnaires after the dialogue), train and dev together, five folds that
share no customer worker, utterances scored by `@SCORER@`. AUC after that share of the customer's turns:
over all pairs / **within the same task**. "Fitted" is a logistic regression on the same measures,
trained on the other folds; "task alone" knows only which task was given, and no text: what looks like
foresight over all pairs is mostly that.

@FIGURES@

* **annoyed**: by hand beats VADER (here without the business words that `understand/tone.py` takes out
  of it), and fitted weights are no better within a task. Before half of the conversation nothing
  foresees it.
* **dissatisfied**, **goal_not_met**: near chance for everybody; fitted weights gain a little from the
  length of the dialogue, which is STAR's pacing and not a customer's. Do not automate anything on these
  two alone.

## Known weak points

Role-play: people who are paid are rarely furious. No phone calls. The utterance scores carry over what
their card says. The words said are seen only through their scores.
"""
