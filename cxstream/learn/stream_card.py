"""The card of the stream: what it foresees of a conversation and of the agent's next action, and what not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cxstream.learn.risk import SHARES

_WHO: Final = (
    "by hand",
    "cumulative",
    "sums",
    "stream",
    "by hand + sums",
    "by hand + sums + stream",
)


def write_card(metrics: Mapping[str, Any], path: Path) -> None:
    """Write the card from the metrics of `stream_train`."""
    parts = {
        "@ENCODER@": metrics["encoder"],
        "@SCORER@": metrics["scorer"],
        "@TRAIN@": str(metrics["dialogues"]["train"]),
        "@DEV@": str(metrics["dialogues"]["dev"]),
        "@SHIPPED@": _shipped(metrics["risk"]),
        "@RISK@": _risk(metrics["risk"]),
        "@ALARM@": _alarm(metrics["risk"]),
        "@ACTIONS@": _actions(metrics["next actions"]),
        "@ACTION_ECE@": f"{metrics['next actions']['calibration error']:.3f}",
    }
    text = _TEXT
    for name, value in parts.items():
        text = text.replace(name, value)
    path.write_text(text, encoding="utf-8")


def _shipped(risk: Mapping[str, Any]) -> str:
    return "; ".join(
        f"`{outcome}`: {found['shipped']} (calibration error {found['calibration error']:.3f})"
        for outcome, found in risk.items()
    )


def _risk(risk: Mapping[str, Any]) -> str:
    shares = [f"{share:.0%}" for share in SHARES]
    lines = [
        f"| outcome | by | {' | '.join(shares)} | within, 95 % interval at 50 %, 75 % |",
        "|---|---|" + "---|" * (len(shares) + 1),
    ]
    for outcome, found in risk.items():
        count = f"{outcome} ({found['ended so']} of {found['dialogues']})"
        for who, figures in found["foreseen"].items():
            cells = [f"{figures[f'all {s}']:.2f} / {figures[f'within {s}']:.2f}" for s in shares]
            name = f"**{who}**" if who == found["shipped"] else who
            spans = [
                f"{figures[f'within {s} low']:.2f} to {figures[f'within {s} high']:.2f}"
                for s in ("50%", "75%")
                if f"within {s} low" in figures
            ]
            lines.append(f"| {count} | {name} | {' | '.join(cells)} | {', '.join(spans)} |")
    return "\n".join(lines)


def _alarm(risk: Mapping[str, Any]) -> str:
    names = list(next(iter(risk.values()))["alarm"])
    lines = ["| | " + " | ".join(risk) + " |", "|---|" + "---|" * len(risk)]
    for name in names:
        cells = [_plain(found["alarm"][name]) for found in risk.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _actions(table: Mapping[str, Any]) -> str:
    lines = ["| by | choices | top 1 | top 3 | top 5 |", "|---|---|---|---|---|"]
    for who, figures in table.items():
        if isinstance(figures, Mapping):
            cells = [
                f"{figures[k]:.3f}" if k in figures else "" for k in ("top 1", "top 3", "top 5")
            ]
            lines.append(f"| {who} | {figures['n']:.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _plain(value: float) -> str:
    if value != value:
        return "-"
    return (
        f"{value:.0f}" if value == int(value) else f"{value:.3f}" if value < 1 else f"{value:.1f}"
    )


_TEXT: Final = """\
# risk: how a conversation is going, and what the agent will do next

After every customer utterance: the probability that the customer ends up `annoyed`, `dissatisfied`, or
with the goal not met, and the agent's five likeliest next actions (`cxstream/understand/stream.py`). A
recurrent network of a few hundred bytes of memory reads a gist of each utterance (from `@ENCODER@`), its
scores (`@SCORER@`), the pauses and who spoke. Beside it a table of phrases says how conversations ended in
which customers said them (`understand/phrases.py`; hashes, without names). Where there is no gist (the
lexicon answers, or the encoder is another one), risk is the index by hand (`understand/trajectory.py`) and
there are no next actions.

## Data

STAR (Mosig and others 2020, RasaHQ/STAR @3058975, MIT): crowd workers play customer and agent; @TRAIN@
dialogues to train on, @DEV@ of other workers as dev. Labels come from the questionnaires after the dialogue:
the agent's (annoyed) and the customer's (calm and helpful; goal met). Next actions are what the agent chose
from STAR's list, or `free_text`, `custom` where the answer was typed. The network learns next actions only;
the risk is a linear weighing of what it remembers, of running means, of what the phrases told on the mean, and
of the measures by hand. What STAR's agents were offered is never an input.

## Risk as a forecast

Train and dev together, five folds that share no customer worker, repeated with three splits of the workers.
AUC after that share of the customer's turns: over all pairs / **within the same task**. "Task alone" knows
only which task was given, and no text: what looks like foresight over all pairs is mostly that. "Vader" is the
harshest turn so far. The blend in bold is shipped: the best within a task at 50 % and 75 %; picking it on
these very folds flatters it a little.

@RISK@

Shipped: @SHIPPED@. The calibration error is of the left-out dialogues, over all shares together.

## Alarms

A probability over the threshold is an alarm; the threshold lets one conversation in twenty that ends well set
it off. The moment is the customer's most negative utterance in a conversation that ended badly. An alarm is
withdrawn when the probability falls under half of the threshold again.

@ALARM@

## Next actions

On the dev dialogues (workers not in training), at every agent turn that follows a customer's. "Listed" leaves
out answers that were typed. "Where offered" are the turns at which STAR suggested something; its agents mostly
followed the first suggestion, which is shown here as the wizard's.

@ACTIONS@

Calibration error of the likeliest action, on the half of the dev dialogues that set no temperature:
@ACTION_ECE@.

## What it must not be used for

* Nothing should be done to a customer or an agent automatically on these numbers alone: they rank which
  conversation to look at first. They say nothing of how good an agent is.
* `dissatisfied` and `goal_not_met` within a task are close to chance wherever the interval holds 0.5.
* Next actions are those of STAR's tasks (banks, hotels, trips, doctors, ...). For another list of actions,
  train again on dialogues with that list; until then read them as propensities of a kind of action at most.

## Known weak points

Role-play: people who are paid are rarely furious. Typed, no phone calls. Phrases know the register of these
people: who is short with an agent without being cross ("get me", "do you have") looks a little more at risk.
The utterance scores carry over what their card says. Fewer than one dialogue in twenty ends annoyed, so every
interval is wide.
"""
