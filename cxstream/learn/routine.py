"""The routine: what people say all day in any service conversation, put together from pieces of our own."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Final

import yaml

from cxstream.understand.normalise import normalise

ROUTINE: Final = Path(__file__).with_name("routine.yaml")
WORDS: Final = 6
"""Longer combinations are many, and rarely said word for word."""

_PIECE: Final = re.compile(r"\{(\w+)\}")


def routine(path: Path = ROUTINE) -> list[str]:
    """Every pattern with every piece in it, normalised, of at most `WORDS` words; sorted.

    KeyError for a pattern with an unknown piece.
    """
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    pieces: dict[str, list[str]] = told["pieces"]
    found: set[str] = set()
    for pattern in told["patterns"]:
        names = _PIECE.findall(pattern)
        blank = _PIECE.sub("{}", pattern)
        found.update(
            normalise(blank.format(*chosen)) for chosen in product(*(pieces[n] for n in names))
        )
    return sorted(text for text in found if 0 < len(text.split()) <= WORDS)
