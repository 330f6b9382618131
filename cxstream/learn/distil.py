"""The light model trained, judged and described: where it may answer, what that costs and what it saves.

The threshold is one step above the lowest at which no figure of the development data, not even of the smallest
source, falls by more than `ALLOWED` against the transformer answering everything. That one number is all that
is chosen on these data.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from cxstream.events import Scores
from cxstream.learn.evaluate import Figures, figures_of, scored_split
from cxstream.learn.examples import Example, authored, read
from cxstream.learn.routine import routine
from cxstream.learn.short import Report, remembering, said_in_star, short_texts
from cxstream.learn.student import Diet, fit_light
from cxstream.understand.light import LIGHT, Answer, LightScorer, save_light
from cxstream.understand.model import ModelScorer
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Scorer

THRESHOLDS: Final = (0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 1.0)
"""Of the agreement; lower ones would let one answer in six differ in what decisions read. At 1 only the memo
answers."""

ALLOWED: Final = 0.002
"""The loss of a figure that the threshold may bring on the development data; 0.003 is promised."""

TIMED: Final = 400

Held = Sequence[tuple[Example, Scores]]


def train_light(
    scorer: ModelScorer,
    data: Path,
    out: Path,
    *,
    seed: int,
    report: Report,
    cache: Path | None = None,
    stream: str = "",
    diet: Diet | None = None,
) -> dict[str, Any]:
    """Distil `scorer` into `out/light/` (light.safetensors, metrics.json, card.md); gives the metrics.

    `stream` is the mark of the stream that the scorer's gists are for, if it gives any. Vectors are kept in
    `cache`, as in `train`. The same seed gives the same weights on the same machine. ModelError when the
    data are missing.
    """
    with TemporaryDirectory() as passing:
        short = short_texts(data)
        needed = [example.text for example in [*authored(), *read(data, "dev")]]
        known = [*short, *routine(), *map(normalise, needed)]
        teacher = remembering(scorer, known, cache or Path(passing), report)
        light, knows = fit_light(teacher, short, seed=seed, report=report, stream=stream, diet=diet)
        held = scored_split(teacher, data, "dev", report)
    served = LightScorer(light)
    answers = [served.answer(normalise(example.text)) for example, _ in held]
    always = figures_of(held, "dev")

    def losses_at(threshold: float) -> dict[str, float]:
        return lost(always, figures_of(routed(held, answers, threshold), "dev"))

    threshold = settle(lambda at: small(losses_at(at)), report)
    save_light(replace(light, threshold=threshold), out / LIGHT)
    metrics: dict[str, Any] = {
        "model": light.name,
        "teacher": light.teacher,
        "seed": seed,
        "threshold": threshold,
        "bytes": (out / LIGHT).stat().st_size,
        "memo": len(light.arrays["memo_keys"]),
        **{name: round(value, 4) for name, value in knows.items()},
        "share": shares(served, data, threshold),
        "loss": losses_at(threshold),
        "cost_us": costs(served, scorer, data, threshold),
    }
    folder = (out / LIGHT).parent
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(card(metrics), encoding="utf-8")
    return metrics


def settle(holds: Callable[[float], bool], report: Report) -> float:
    """The step of `THRESHOLDS` above the lowest one that holds: chosen on these data, it needs some room.

    A higher threshold changes fewer answers, so the search halves what is left; at 1 the memo alone answers,
    in the transformer's own words, and that always holds.
    """
    low, high = 0, len(THRESHOLDS) - 1
    while low < high:
        report("choosing the threshold", 1 - (high - low) / len(THRESHOLDS))
        middle = (low + high) // 2
        if holds(THRESHOLDS[middle]):
            high = middle
        else:
            low = middle + 1
    return THRESHOLDS[min(high + 1, len(THRESHOLDS) - 1)]


def small(losses: Mapping[str, float]) -> bool:
    """Whether no figure lost more than `ALLOWED`; of few texts, then, not a single one."""
    return all(loss <= ALLOWED for loss in losses.values())


def routed(
    held: Held, answers: Sequence[Answer | None], threshold: float
) -> list[tuple[Example, Scores]]:
    """The examples with the scores that they get when the light model answers from `threshold` on."""
    return [
        (example, answer.scores if answer and answer.agreement >= threshold else scores)
        for (example, scores), answer in zip(held, answers, strict=True)
    ]


def lost(always: Figures, now: Figures) -> dict[str, float]:
    """What each figure lost; calibration errors are better when they are small."""
    return {
        f"{task}: {name}": round(now[task][name] - value, 4) * (1 if name == "ece" else -1)
        for task, found in always.items()
        for name, value in found.items()
        if name not in ("n", "base") and not name.endswith(("_low", "_high"))
    }


def shares(light: LightScorer, data: Path, threshold: float) -> dict[str, float]:
    """The share of development texts that the light model answers, by source, repetitions included."""
    groups: dict[str, list[str]] = {}
    for example in read(data, "dev"):
        groups.setdefault(example.source, []).append(example.text)
    for who, text in said_in_star(data, "dev"):
        groups.setdefault(f"star, {who}", []).append(text)
    return {name: _share(light, texts, threshold) for name, texts in groups.items()}


def _share(light: LightScorer, texts: list[str], threshold: float) -> float:
    return round(sum(_answers(light, text, threshold) for text in texts) / len(texts), 4)


def _answers(light: LightScorer, text: str, threshold: float) -> bool:
    answer = light.answer(normalise(text))
    return answer is not None and answer.agreement >= threshold


def costs(light: LightScorer, heavy: Scorer, data: Path, threshold: float) -> dict[str, float]:
    """Microseconds of processor time a text: each model on development texts that the light one answers."""
    texts = [text for _, text in said_in_star(data, "dev")] or [
        example.text for example in read(data, "dev")
    ]
    routine = [text for text in texts if _answers(light, text, threshold)][:TIMED] or texts[:1]
    return {
        "light": _timed(lambda text: light.answer(normalise(text)), routine),
        "transformer, one by one": _timed(lambda text: heavy.score([text]), routine[:100]),
        "transformer, 16 at once": _timed(
            lambda part: heavy.score(part), [(routine * 96)[i : i + 16] for i in range(0, 96, 16)]
        )
        / 16,
    }


def _timed(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    work(items[0])
    began = time.process_time()
    for item in items:
        work(item)
    return round((time.process_time() - began) / len(items) * 1e6, 1)


_TEXT: Final = """\
# light: the routine, answered without the transformer

Model `@MODEL@` repeats `@TEACHER@` and no other; where the two do not belong together it is not used. Word
and word-pair vectors of its own (hashed, one byte a number), a hidden layer of 128, and a memo of @MEMO@
short sentences of our own (`cxstream/learn/routine.yaml` and `authored`) with the transformer's very scores and
gists: @KB@ kB in all.

## What it is for

"Yes", "okay thanks", "my order number is ...": what needs no transformer. It gives the same kind of scores,
and an *agreement*: the probability that the transformer would give the same intent and sentiment, and every
number that decisions read within 0.1 and on the same side of one half. From **@THRESHOLD@** on its answer
stands (settings `CXSTREAM_ROUTING`, `CXSTREAM_LIGHT_THRESHOLD`). It has the transformer's weaknesses (see
`../scores/card.md`). A light answer carries a gist of its own making for the stream of risk and next
actions. It must not be used by itself.

## Data

It learnt what the transformer says of @TEXTS@ short texts: the training splits named in
`../scores/card.md`, turns of STAR's training split (MIT), our own sentences, and beginnings of all these. A
fifth was kept back to fit and check the agreement: the two agree on @AGREES@ of it, and the calibration
error of the agreement is @ECE@.

## Figures

| development texts, repetitions included | share answered by the light model |
|---|---|
@SHARES@

| processor time a text, one thread, on such texts | microseconds |
|---|---|
@COSTS@

Against the transformer answering everything, on the development splits of `../scores/card.md` (in points of
each figure; the threshold was chosen here, one step above the lowest that costs no figure more than 0.2,
NLU++'s 216 texts not one of them): the worst loss is **@WORST@**. Largest changes:

@LOSSES@
"""


def card(metrics: Mapping[str, Any]) -> str:
    """The page that tells of a light model, from its metrics."""
    losses = sorted(metrics["loss"].items(), key=lambda item: (-abs(item[1]), item[0]))
    filled = {
        "@MODEL@": metrics["model"],
        "@TEACHER@": metrics["teacher"],
        "@MEMO@": f"{metrics['memo']:,}",
        "@KB@": f"{metrics['bytes'] / 1000:,.0f}",
        "@THRESHOLD@": f"{metrics['threshold']:g}",
        "@TEXTS@": f"{metrics['texts']:,.0f}",
        "@AGREES@": f"{metrics['agrees']:.1%}",
        "@ECE@": f"{metrics['agreement_ece']:.3f}",
        "@SHARES@": "\n".join(
            f"| {name} | {value:.1%} |" for name, value in metrics["share"].items()
        ),
        "@COSTS@": "\n".join(
            f"| {name} | {value:,.0f} |" for name, value in metrics["cost_us"].items()
        ),
        "@WORST@": f"{100 * max(metrics['loss'].values(), default=0.0):+.2f}",
        "@LOSSES@": "\n".join(
            f"* {name}: {-100 * value:+.2f}" for name, value in losses[:8] if value
        )
        or "None changed.",
    }
    text = _TEXT
    for mark, value in filled.items():
        text = text.replace(mark, str(value))
    return text
