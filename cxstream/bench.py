"""How much this machine carries: utterances a second through the models, and conversations at once.

Measured with the bundled stories' sentences on the models as a worker would have them (precision chosen, light
model first), but without the cache. The rest of the engine is reckoned, not measured: `ENGINE_S` an utterance,
from benchmarks/results. The whole comparison is `make bench`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from cxstream import bootstrap
from cxstream.demo.story import bundled
from cxstream.events import Fragment, Stage
from cxstream.settings import Settings
from cxstream.understand.scorer import Scorer

ENGINE_S: Final = 0.0015
"""Seconds of processor time that an utterance costs beside the models, from transcript to decision."""

GAP_S: Final = 8.0
"""Seconds between two utterances of a conversation, both sides together, on average."""

BUSY: Final = 0.5
"""How much of its time a worker may be busy: beyond that, a moment's rush is felt by agents."""

BATCH: Final = 64

ENOUGH_S: Final = 15.0
"""After so long no further round begins: on a busy machine one says as little as five."""


class Load(NamedTuple):
    """What one worker (one core) does, and what that carries."""

    model: str
    precision: str
    alone_ms: float
    utterances_a_second: float
    conversations: int

    def report(self) -> dict[str, object]:
        """For a screen or a program."""
        return {
            "model": self.model,
            "precision": self.precision,
            "one_utterance_ms": round(self.alone_ms, 1),
            "utterances_a_second": round(self.utterances_a_second),
            "concurrent_conversations": self.conversations,
            "reckoned_with": f"{BUSY:.0%} busy, an utterance every {GAP_S:g} s a conversation",
        }


def run(settings: Settings, *, rounds: int = 5) -> Load:
    """Load the models and measure: some ten seconds, on a busy machine more. The best round counts."""
    model = bootstrap.scorer(settings.model_copy(update={"cache_texts": 0}))
    said = sentences()
    model.score(said[:BATCH])  # the first pass also makes what later ones have
    took: list[float] = []
    until = time.perf_counter() + ENOUGH_S
    while not took or (len(took) < rounds and time.perf_counter() < until):
        took.append(_batches(model, said))
    together_s = min(took) / len(said)
    alone_s = sorted(_batches(model, [text]) for text in said[:BATCH])[BATCH // 2]
    encoder = getattr(bootstrap.transformer(model), "encoder", None)
    return carried(model.name, getattr(encoder, "precision", "none"), alone_s, together_s)


def carried(model: str, precision: str, alone_s: float, together_s: float) -> Load:
    """What follows from an utterance's cost alone, and in a batch, in seconds."""
    rate = 1 / (together_s + ENGINE_S)
    return Load(model, precision, 1000 * alone_s, rate, int(BUSY * rate * GAP_S))


def sentences() -> list[str]:
    """What is said in the bundled stories, each sentence once."""
    records = (record for story in bundled() for record in story.records())
    finals = (r for r in records if isinstance(r, Fragment) and r.stage is Stage.FINAL)
    return list(dict.fromkeys(final.text for final in finals if final.text.strip()))


def _batches(model: Scorer, texts: Sequence[str]) -> float:
    """Seconds for the texts, in batches."""
    began = time.perf_counter()
    for start in range(0, len(texts), BATCH):
        model.score(texts[start : start + BATCH])
    return time.perf_counter() - began
