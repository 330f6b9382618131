"""The page that tells what a model is, what it was made of, and how good it is; written from figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cxstream.learn.examples import SOURCES

_TEXT: Final = """\
# scores: intent, sentiment, emotion and abuse of an utterance

Model `@MODEL@`: four heads, each with one hidden layer of 256, on the frozen sentence vectors of
`@ENCODER@` (Apache-2.0; weights SHA-256 `@SHA256@`). One pass of the encoder serves all heads. Loading
the heads on another encoder is refused.

## What it is for

Signals inside a contact centre: what a customer wants, how it sounds, whether an agent is being abused.
It helps an agent while the customer is still talking. It must not decide about a person on its own, rate
an agent's or a customer's character, or serve as evidence of an illness or of danger to life: `distress`
is a cue to look, and misses much.

## Data

@SOURCES@

No text of these sources is in this repository. GoEmotions' emotions are grouped: anger (anger,
annoyance), dissatisfaction (disappointment, disapproval, disgust), distress (fear, nervousness, sadness,
grief, remorse), confusion, satisfaction (the positive ones). Greetings, answers and confirmations of
MultiDoGO, and the requests of CLINC150, also teach with little weight that plain business is neutral,
free of emotion and of abuse, and MultiDoGO's thanks that they are positive. NatCS is only evaluated on:
an unseen source.

## Figures

On the development splits, through the scorer as it runs, texts that also occur in the training data left
out. Calibration error (ece) is measured on the half of the texts that did not calibrate.

@FIGURES@

## Known weak points

* **An unseen source costs a third of the accuracy** (NatCS above): the figures on the sources it was
  trained on flatter it. Two neighbouring topics are easily swapped (a charge that is unknown: dispute or
  fraud; a delivery that is late: status or refund).
* Sentiment and emotion were learnt from Reddit and a few hundred sentences of our own. Polite anger,
  sarcasm and understatement ("well, that went splendidly") are often missed; the probabilities are
  calibrated for Reddit comments, not for calls.
* `out_of_scope` is a class, not a threshold: a probability of the best intent under 0.5 says as much.
* An utterance is scored alone. "Yes" means nothing without the question.
* `speak_to_human`, `find_location` and `claim_or_accident` rest mostly on our own sentences, and have
  few or no development texts.
* English only. Not audited for bias towards names or dialects yet.
* 128 tokens are read; the rest of a long e-mail is not.

## Recipe

`cxstream train` with seed @SEED@: text is normalised (`understand/normalise.py`), encoded once, and each
head fitted by Adam with decoupled weight decay on class-balanced cross-entropy (square root of the
frequency), our own sentences counting four times. One temperature for one-of-many heads, slope and
offset a label for the others, fitted on half of the development data. Same seed, same machine: same
bytes. Plans: `learn/train.py`, `PLANS`.
"""


def write_card(metrics: Mapping[str, Any], path: Path) -> None:
    """Fill the card of the scoring heads with the metrics of their training."""
    text = _TEXT
    filled = {
        "@MODEL@": str(metrics["model"]),
        "@ENCODER@": str(metrics["encoder"]),
        "@SHA256@": str(metrics["encoder_sha256"]),
        "@SEED@": str(metrics["seed"]),
        "@SOURCES@": "\n".join(f"* {about}" for about in SOURCES.values()),
        "@FIGURES@": table(metrics["figures"], metrics.get("lexicon", {})),
    }
    for mark, value in filled.items():
        text = text.replace(mark, value)
    path.write_text(text, encoding="utf-8")


def table(
    figures: Mapping[str, Mapping[str, float]], beside: Mapping[str, Mapping[str, float]]
) -> str:
    """Figures as a Markdown table, one row a task; in brackets the same figure of the lexicon."""
    lines = ["| task | texts | figures (in brackets: the lexicon) |", "|---|---|---|"]
    for task, found in figures.items():
        parts = []
        for name, value in found.items():
            if name == "n":
                continue
            other = beside.get(task, {}).get(name)
            bracket = "" if other is None or name in ("base", "ece") else f" ({other:.3f})"
            parts.append(f"{name.replace('_', ' ')} {value:.3f}{bracket}")
        lines.append(f"| {task} | {found['n']:.0f} | {', '.join(parts)} |")
    return "\n".join(lines)
