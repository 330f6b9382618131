"""Fits the recurrent network of `understand.stream`: to tell the agent's next action, turn by turn.

Thousands of agent turns teach the network what matters in a conversation; a few hundred unhappy endings could
not. Beside the next action it learns to name the agent's action from the agent's own words, and
the task that the dialogue is about. How it ended is never shown to it: the risk is weighed later, on
what the network remembers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cxstream.learn.stream_data import Dialogue, Report
from cxstream.understand.heads import Array
from cxstream.understand.memory import CHANNELS, SUMS
from cxstream.understand.network import Weights, numbers
from cxstream.understand.phrases import TOLD, Phrases
from cxstream.understand.trajectory import OUTCOMES, measures

NOTHING: Final = -1


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to train; `own` and `task` weigh the two side tasks."""

    learnt: int = 64
    units: int = 128
    wide: int = 128
    epochs: int = 24
    batch: int = 48
    rate: float = 3e-3
    decay: float = 0.01
    dropout: float = 0.3
    silent: float = 0.02
    smoothing: float = 0.0
    own: float = 0.3
    task: float = 0.2


@dataclass(frozen=True, slots=True)
class Sequences:
    """Dialogues as arrays; one row an utterance, dialogue after dialogue, `first` where each begins.

    `text` is a row of the gists' inputs, `action` the agent's own action, `following` the one that comes
    next; NOTHING where there is none.
    """

    first: NDArray[np.int64]
    text: NDArray[np.int64]
    acts: NDArray[np.bool_]
    numbers: Array
    action: NDArray[np.int64]
    following: NDArray[np.int64]
    task: NDArray[np.int64]

    def lengths(self) -> NDArray[np.int64]:
        """How many utterances each dialogue has."""
        return np.diff(self.first)


def sequences(
    dialogues: Sequence[Dialogue], row_of: dict[str, int], inputs: Array, labels: Sequence[str]
) -> Sequences:
    """The arrays of dialogues; `inputs` are `gist_inputs` of each text, `labels` the known actions."""
    known = {label: number for number, label in enumerate(labels)}
    tasks = {task: n for n, task in enumerate(sorted({d.task for d in dialogues}))}
    turns = [turn for d in dialogues for turn in d.turns]
    text = np.array([row_of[turn.text] for turn in turns])
    action = np.array([known.get(turn.action or "", NOTHING) for turn in turns])
    first = np.cumsum([0, *(len(d.turns) for d in dialogues)])
    following = np.append(action[1:], NOTHING)
    following[first[1:] - 1] = NOTHING
    return Sequences(
        first=first,
        text=text,
        acts=np.array([turn.acts for turn in turns]),
        numbers=np.array(
            [
                numbers(turn.said, float(inputs[row, -2]), float(inputs[row, -1]))
                for turn, row in zip(turns, text, strict=True)
            ],
            np.float32,
        ),
        action=action,
        following=following,
        task=np.array([tasks[d.task] for d in dialogues]),
    )


class Network(nn.Module):
    """The network of `understand.stream`, with heads for the side tasks."""

    def __init__(self, plan: Plan, width: int, actions: int, tasks: int) -> None:
        super().__init__()
        seen = plan.learnt + len(CHANNELS)
        self.gist = nn.Linear(width, plan.learnt)
        self.own = nn.Linear(plan.learnt, actions)
        # one set of input weights a side: what is not said by a side is zero in its half
        self.step = nn.GRU(2 * seen, plan.units, batch_first=True)
        self.wide = nn.Linear(plan.units, plan.wide)
        self.next = nn.Linear(plan.wide, actions)
        self.task = nn.Linear(plan.units, tasks)
        self.dropout = nn.Dropout(plan.dropout)
        self.silent = plan.silent

    def forward(
        self, inputs: Tensor, numbers: Tensor, acts: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        gist = torch.tanh(self.gist(self.dropout(inputs)))
        gist = gist + ((gist * 127).round() / 127 - gist).detach()
        if self.training:  # now and then the lexicon answers, and gives no gist
            gist = gist * (torch.rand(gist.shape[:2]) >= self.silent)[..., None]
        seen = torch.cat([gist, numbers], -1)
        side = acts[..., None].float()
        units, _ = self.step(torch.cat([seen * side, seen * (1 - side)], -1))
        units = self.dropout(units)
        wide = self.dropout(torch.relu(self.wide(units)))
        return self.next(wide), self.own(gist), self.task(units)


def fit_network(
    told: Sequences, inputs: Array, actions: int, plan: Plan, *, seed: int, report: Report
) -> Weights:
    """The weights, with a risk of nothing yet. The same seed gives the same weights on the same machine."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    network = Network(plan, inputs.shape[1], actions, int(told.task.max()) + 1)
    lengths = told.lengths()
    starts = range(0, len(lengths), plan.batch)
    steps = plan.epochs * len(starts)
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=plan.decay)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, plan.rate, total_steps=steps, pct_start=0.1
    )
    rows = torch.from_numpy(inputs)
    for epoch in range(plan.epochs):
        report("fitting the stream", epoch / plan.epochs)
        order = chance.permutation(len(lengths))
        order = order[
            np.argsort(lengths[order] // 3, kind="stable")
        ]  # alike in length, little to pad
        for start in chance.permutation(list(starts)):
            loss = _loss(network, told, rows, order[start : start + plan.batch], plan)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            pace.step()
    report("fitting the stream", 1.0)
    return _weights(network, plan)


def _loss(
    network: Network, told: Sequences, rows: Tensor, which: NDArray[np.int64], plan: Plan
) -> Tensor:
    lengths = told.lengths()[which]
    place = told.first[which][:, None] + np.arange(lengths.max())
    there = np.arange(lengths.max()) < lengths[:, None]
    place[~there] = 0
    following, own, task = network(
        rows[torch.from_numpy(told.text[place])],
        torch.from_numpy(told.numbers[place]),
        torch.from_numpy(told.acts[place]),
    )

    def share(found: Tensor, truth: NDArray[np.int64], smoothing: float = 0.0) -> Tensor:
        truth = np.where(there, truth, NOTHING)
        return functional.cross_entropy(
            found.flatten(0, 1),
            torch.from_numpy(truth.ravel()),
            ignore_index=NOTHING,
            label_smoothing=smoothing,
        )

    return (
        share(following, told.following[place], plan.smoothing)
        + plan.own * share(own, told.action[place])
        + plan.task * share(task, np.broadcast_to(told.task[which][:, None], place.shape))
    )


def _weights(network: Network, plan: Plan) -> Weights:
    found = {name: value.detach().numpy().copy() for name, value in network.state_dict().items()}
    reads = found["step.weight_ih_l0"]
    half = reads.shape[1] // 2
    features = len(measures({})) + SUMS + plan.units + TOLD
    return Weights(
        gist=found["gist.weight"],
        gist_offset=found["gist.bias"],
        customer=np.ascontiguousarray(reads[:, half:]),
        agent=np.ascontiguousarray(reads[:, :half]),
        step_offset=found["step.bias_ih_l0"],
        hidden=found["step.weight_hh_l0"],
        hidden_offset=found["step.bias_hh_l0"],
        actions=(
            (found["wide.weight"], found["wide.bias"]),
            (found["next.weight"], found["next.bias"]),
        ),
        risk=np.zeros((len(OUTCOMES), features), np.float32),
        risk_offset=np.zeros(len(OUTCOMES), np.float32),
        phrases=Phrases.none(),
    )


def cooled(weights: Weights, temperature: float) -> Weights:
    """The weights with their next actions divided by a temperature."""
    *lower, (weight, offset) = weights.actions
    scale = np.float32(1 / temperature)
    return replace(weights, actions=(*lower, (weight * scale, offset * scale)))
