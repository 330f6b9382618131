"""Writes the reference of drift: what the models as they ship say of STAR's development turns.

They are chats with a service as they come, greetings and repetitions included, and no model learnt from them.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Final

from cxstream.errors import ModelError
from cxstream.learn.reference import REFERENCE, reference_of, save_reference
from cxstream.learn.short import Report, said_in_star
from cxstream.understand.routing import RoutedScorer
from cxstream.understand.scorer import Reading, Scorer, readings

STEP: Final = 512
TEXTS: Final = 20_000


def write_reference(scorer: Scorer, data: Path, out: Path, *, report: Report) -> None:
    """Write `out/scores/reference.json` of the scorer as it runs; ModelError when there are no dialogues."""
    turns = [text for _, text in islice(said_in_star(data, "dev"), TEXTS)]
    if not turns:
        raise ModelError(f"no dialogues in {data}: star.dev.jsonl.gz is missing")
    found: list[Reading] = []
    for start in range(0, len(turns), STEP):
        report("drift reference", start / len(turns))
        found += readings(scorer, turns[start : start + STEP])
    report("drift reference", 1.0)
    made = reference_of(found, scorer.name, routed=isinstance(scorer, RoutedScorer))
    save_reference(made, out / REFERENCE)
