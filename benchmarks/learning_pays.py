"""Does learning pay? Regret against a playbook, random and an oracle, in a contact centre that never was.

    .venv/bin/python benchmarks/learning_pays.py --out learning.png [--worlds 20] [--contacts 4000] [--seed 0]

In each world (see `contact_centre`) the same customers come to five policies: the fixed playbook; anything at
random; `learnt`, the propensities and the exploring of `cxstream.lessons` as they run in the stream, begun
with the playbook's order; `greedy`, the same without exploring; and the oracle, who knows each customer's
hidden cause. Regret is what the oracle would have earned more. Lines are means over worlds, bands 95 % of
the mean (Student's). Needs `pip install 'cxstream[bench]'` for the picture; without --out only the table.

No claim beyond the simulator: it was made by the same people as the learner.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
from contact_centre import ACTIONS, FEATURES, Customers, Floats, Ints, World, playbook
from scipy.stats import t as student

from cxstream.lessons.exploring import Exploration, Odds, choose
from cxstream.lessons.propensity import Belief, Propensity

K: Final = len(ACTIONS)
POLICIES: Final = ("random", "playbook", "greedy", "learnt", "oracle")
_PREFERRED: Final = 1.15
"""What the playbook's own answer weighs more than the others (V): a learner begins with its order."""


def regrets(seed: int, contacts: int) -> dict[str, Floats]:
    """Regret a contact of each policy in one world, (contacts,), in the order in which customers came."""
    world, rng = World(seed), np.random.default_rng((seed, 1))
    people = world.customers(contacts, rng)
    luck = rng.random(contacts)
    best = people.truth.max(axis=1)
    taken: dict[str, Ints] = {
        "random": rng.integers(0, K, contacts),
        "playbook": playbook(people.contexts).argmax(axis=1),
        "greedy": _learnt(people, luck, Exploration(share=0.0), seed),
        "learnt": _learnt(people, luck, Exploration(share=0.1, mature=400), seed),
        "oracle": people.truth.argmax(axis=1),
    }
    rows = np.arange(contacts)
    return {name: best - people.truth[rows, actions] for name, actions in taken.items()}


def _learnt(people: Customers, luck: Floats, exploration: Exploration, seed: int) -> Ints:
    """The actions of a policy that learns from each contact before the next one comes."""
    models = [Propensity(("one", *FEATURES)) for _ in range(K)]
    usual = playbook(people.contexts).argmax(axis=1)
    chosen = np.empty(len(luck), dtype=np.int64)
    for number, seen in enumerate(people.contexts):
        context = (1.0, *seen.tolist())
        odds = [
            Odds(_smoothed(model.believe(context)), _PREFERRED if a == usual[number] else 1.0)
            for a, model in enumerate(models)
        ]
        action = choose(odds, f"{seed}/{number}", exploration).place
        chosen[number] = action
        well = luck[number] < people.truth[number, action]
        models[action].learn(context, float(well))
    return chosen


def _smoothed(belief: Belief) -> Belief:
    """As the arbitration does: a new action counts as the playbook assumes, 0.3 on 50 outcomes."""
    whole = 50 + belief.lessons + 1
    chance = 50 / whole * 0.3 + belief.lessons / whole * belief.chance
    return Belief(chance, belief.doubt, belief.lessons)


def summed(runs: list[dict[str, Floats]]) -> dict[str, tuple[Floats, Floats]]:
    """Mean cumulative regret of each policy over the worlds, and the half width of its interval."""
    reach = float(student.ppf(0.975, len(runs) - 1)) / np.sqrt(len(runs))
    found = {}
    for name in POLICIES:
        total = np.array([run[name].cumsum() for run in runs])
        found[name] = (total.mean(axis=0), reach * total.std(axis=0, ddof=1))
    return found


def draw(found: dict[str, tuple[Floats, Floats]], worlds: int, out: Path) -> None:
    """The picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    colours = {"random": "#888888", "playbook": "#c0392b", "greedy": "#e0a030", "learnt": "#1f7a4d"}
    for name, colour in colours.items():
        mean, half = found[name]
        x = np.arange(1, len(mean) + 1)
        axes.plot(x, mean, color=colour, label=name)
        axes.fill_between(x, mean - half, mean + half, color=colour, alpha=0.2, linewidth=0)
    axes.axhline(0, color="#333333", linewidth=1, label="oracle")
    axes.set(xlabel="contacts", ylabel="regret: contacts that ended badly and need not have")
    axes.set_title(f"Simulated contact centres ({worlds} worlds, mean and 95 % interval)")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(out, dpi=150)


def main() -> None:
    """Print the table, and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--contacts", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first world")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    began = time.perf_counter()
    runs = [regrets(given.seed + n, given.contacts) for n in range(given.worlds)]
    found = summed(runs)
    where = f"{platform.processor() or platform.machine()}, Python {platform.python_version()}"
    put(f"{given.worlds} worlds from seed {given.seed}, {given.contacts} contacts each; {where}")
    put(f"{'policy':10} {'regret a contact':>24} {'of the last tenth':>24}")
    last = given.contacts // 10
    for name in POLICIES:
        whole = np.array([run[name].mean() for run in runs])
        late = np.array([run[name][-last:].mean() for run in runs])
        put(f"{name:10} {_interval(whole):>24} {_interval(late):>24}")
    wins = sum(run["learnt"].sum() < run["playbook"].sum() for run in runs)
    put(f"learnt loses less than the playbook in {wins} of {given.worlds} worlds")
    put(f"{time.perf_counter() - began:.0f} s")
    if given.out:
        draw(found, given.worlds, given.out)


def _interval(values: Floats) -> str:
    reach = float(student.ppf(0.975, len(values) - 1)) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.4f} ± {reach:.4f}"


def put(line: str) -> None:
    """One line of the table."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
