"""What the finders of personal data hand back, and the character that stands for what is already masked."""

from __future__ import annotations

from typing import NamedTuple

BLANK = "\x00"
"""Neither letter, digit nor separator, and taken out of every text when it is decoded."""


class Span(NamedTuple):
    """Characters `start` to `end` of a text are personal data of this kind (`redact.KINDS`)."""

    start: int
    end: int
    kind: str
