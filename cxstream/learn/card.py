"""The page that tells what a model is, what it was made of, and how good it is; written from figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cxstream.learn.examples import SOURCES
from cxstream.learn.thresholds import thresholds_table

_TEXT: Final = """\
# scores: intent, sentiment, emotion and abuse of an utterance

Model `@MODEL@`: `all-MiniLM-L6-v2` (Apache-2.0) with its six layers tuned (in `models/encoder`, half precision;
SHA-256 of base and layers `@SHA256@`), and four heads, each with one hidden layer of @HIDDEN@.
One pass of the encoder serves all heads. Loading the heads on another encoder is refused.

## What it is for

Signals inside a contact centre: what a customer wants, how it sounds, whether an agent is being abused.
It helps an agent while the customer is still talking. It must not decide about a person on its own, rate
an agent's or a customer's character, or serve as evidence of an illness or of danger to life: `distress`
is a cue to look, and misses much.

## Data

@SOURCES@

No text of the public sources is in this repository. GoEmotions' emotions are grouped: anger (anger,
annoyance), dissatisfaction (disappointment, disapproval, disgust), distress (fear, nervousness, sadness,
grief, remorse), confusion, satisfaction (the positive ones). Greetings, answers and confirmations of
MultiDoGO, and the requests of CLINC150, also teach with little weight that plain business is neutral,
free of emotion and of abuse, and MultiDoGO's thanks that they are positive. Abuse is taught as the share of
ConvAbuse's raters who saw it, and calibrated to what most of them said. NatCS is only evaluated on: an
unseen source. Our own sentences are marked as authored, and never in an evaluation set.
@SPLITS@
## Thresholds

Precision / recall when a signal counts as given at or over a threshold, on the development split. For intents:
how often the best one is right, and how many of all texts are named and named rightly.

@THRESHOLDS@
@MOODS@
## Audit: what a swap changes

@AUDIT@

## Explanations

@EXPLANATIONS@

## Known weak points

* **An unseen source costs accuracy** (NatCS above): the figures on the sources it was
  trained on flatter it. No text of NatCS was trained on, but its names of intents were known when our own
  sentences were written. Two neighbouring topics are easily swapped (a charge that is unknown: dispute or
  fraud; a delivery that is late: status or refund).
* Sentiment and emotion were learnt from Reddit and some 7,500 sentences of our own. Sarcasm without a
  marked word is often missed; the probabilities are calibrated for Reddit comments, not for calls.
* An utterance is scored alone. "Yes" means nothing without the question.
* English only.
* 128 tokens are read; the rest of a long e-mail is not.

## Recipe

`cxstream train` with seed @SEED@ and `cxstream/learn/recipe.toml`: text is normalised
(`understand/normalise.py`), so that case, punctuation and fillers cannot matter; the layers and all heads are
tuned together with AdamW (products in bfloat16 where the processor has them), on our labels and on each
source's own (by cosine), and the running mean of the weights is kept.@TEACHER@
On half of the development data the intents' `out_of_scope` and the sentiment's classes are balanced by a
constant each, then one temperature (one-of-many heads) or slope and offset a label (the others) calibrates.
Same seed, same machine: same bytes.
@NOTE@"""

_SPLIT: Final = """
## Figures on the @SPLIT@ split

Through the scorer as it runs, texts that also occur in the training data left out; 95 % bootstrap intervals.
@CALIBRATION@

@FIGURES@
"""


def write_card(metrics: Mapping[str, Any], path: Path) -> None:
    """Fill the card of the scoring heads with the metrics of their training and evaluations."""
    splits = [_SPLIT.replace("@SPLIT@", split) for split in metrics["figures"]]
    for number, (split, found) in enumerate(metrics["figures"].items()):
        said = (
            "Calibration error (ece) is measured on the half of the texts that did not calibrate;\nof abuse,"
            " whose texts are few and all calibrate, by five folds, each calibrated on the others."
            if split == "dev"
            else "Nothing was tuned on it."
        )
        beside = metrics.get("lexicon", {}).get(split, {})
        splits[number] = splits[number].replace("@CALIBRATION@", said)
        splits[number] = splits[number].replace("@FIGURES@", table(found, beside))
    filled = {
        "@MODEL@": str(metrics["model"]),
        "@SHA256@": str(metrics["encoder_sha256"]),
        "@HIDDEN@": str(metrics["tuning"][0]["hidden"]),
        "@SEED@": str(metrics["seed"]),
        "@TEACHER@": _taught_by(metrics.get("teacher")),
        "@SOURCES@": "\n".join(f"* {about}" for about in SOURCES.values()),
        "@SPLITS@": "".join(splits),
        "@AUDIT@": metrics.get("audit", "Not audited yet: `cxstream audit`."),
        "@EXPLANATIONS@": metrics.get("explanations", "Not tested yet."),
        "@THRESHOLDS@": thresholds_table(metrics["thresholds"]),
        "@MOODS@": _moods(metrics.get("moods", {})),
        "@NOTE@": f"\n{metrics['note']}\n" if "note" in metrics else "",
    }
    text = _TEXT
    for mark, value in filled.items():
        text = text.replace(mark, value)
    path.write_text(text, encoding="utf-8")


def _taught_by(teacher: str | None) -> str:
    if teacher is None:
        return ""
    return (
        f"\nBeside the labels they learnt what two tuned copies of `{teacher}` (`--teacher`) say of the same"
        "\ntexts with some of their words left out. Several such runs started alike, and their mean is kept."
    )


def _moods(thresholds: Mapping[str, float]) -> str:
    if not thresholds:
        return ""
    said = ", ".join(f"{mood} {at:.2f}" for mood, at in thresholds.items())
    return (
        "\nMoods (`cxstream score --moods`; no rule reads them) are GoEmotions' four groups, several at once,"
        f"\nby a head of their own. Each is judged from its own threshold on: {said}.\n"
    )


def table(
    figures: Mapping[str, Mapping[str, float]], beside: Mapping[str, Mapping[str, float]]
) -> str:
    """Figures as a Markdown table, one row a task; in brackets the interval, and the lexicon's figure."""
    lines = ["| task | texts | figures (the lexicon's in round brackets) |", "|---|---|---|"]
    for task, found in figures.items():
        parts = []
        for name, value in found.items():
            if name == "n" or name.endswith(("_low", "_high")):
                continue
            said = f"{name.replace('_', ' ')} {value:.3f}"
            if f"{name}_low" in found:
                said += f" [{found[f'{name}_low']:.3f}, {found[f'{name}_high']:.3f}]"
            other = beside.get(task, {}).get(name)
            if other is not None and name not in ("base", "ece"):
                said += f" ({other:.3f})"
            parts.append(said)
        lines.append(f"| {task} | {found['n']:.0f} | {', '.join(parts)} |")
    return "\n".join(lines)
