"""The short texts that the light model learns from, and a transformer that need not read a text twice.

Any text will do, labelled or not: the public data, our own sentences, the turns of STAR, and beginnings of all
these, as partial transcripts bring them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from cxstream.learn.examples import authored, read
from cxstream.learn.stream_data import Kept
from cxstream.learn.vectors import vectors
from cxstream.understand.light import LONGEST
from cxstream.understand.model import ModelScorer
from cxstream.understand.normalise import normalise

Report = Callable[[str, float], None]


def remembering(
    scorer: ModelScorer, texts: Iterable[str], kept: Path, report: Report
) -> ModelScorer:
    """The same scorer for these normalised texts alone: each is encoded once in a lifetime, kept on disk."""
    known = sorted(set(texts))
    rows = vectors(scorer.encoder, known, kept, report)
    same = ModelScorer(Kept(scorer.encoder, dict(zip(known, rows, strict=True))), scorer.heads)
    same.gists = scorer.gists
    return same


def short_texts(data: Path) -> list[str]:
    """What teaches: normalised texts of at most `LONGEST` words, and the beginnings of longer ones; sorted."""
    found: set[str] = set()
    for text in _said(data):
        words = normalise(text).split()
        if 0 < len(words) <= LONGEST:
            found.add(" ".join(words))
        elif words:  # a partial transcript: where it breaks off is drawn by its hash
            begun = " ".join(words[: 1 + draw(text) % LONGEST])
            found.add(
                normalise(begun)
            )  # a last word may be spelled otherwise than one in the middle
    return sorted(found)


def said_in_star(data: Path, split: str) -> Iterator[tuple[str, str]]:
    """Who (`customer`, `agent`) said what in STAR's dialogues, in order; nothing where it is not there."""
    path = data / f"star.{split}.jsonl.gz"
    if path.is_file():
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                for turn in json.loads(line)["turns"]:
                    if turn["s"] != "action":
                        yield turn["s"], turn["x"]


def _said(data: Path) -> Iterator[str]:
    yield from (example.text for example in [*read(data, "train"), *authored()])
    yield from (text for _, text in said_in_star(data, "train"))


def draw(text: str) -> int:
    """Thirty-two bits of a text's hash: a choice that looks like chance, and is the same every time."""
    return int.from_bytes(sha256(text.encode("utf-8", "replace")).digest()[:4], "big")
