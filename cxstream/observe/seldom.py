"""What a library says over and over is written now and then, with how often it was left out.

While Kafka is away its client says a hundred times a second that it is. That buries what else is said, and
fills a disk. Lines of one kind, a template of one logger, are written once in `EVERY_S`; ours all are.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

EVERY_S: Final = 10.0
KINDS: Final = 1_000
"""Kinds that are remembered: of a library that puts each message together by itself all are new."""
_OURS: Final = "cxstream"


@dataclass(slots=True)
class _Told:
    """When a kind was last written, and how often it was left out since."""

    at: float
    left_out: int = 0


class Seldom(logging.Filter):
    """Lets the first line of a kind through, and then one every `EVERY_S` that says how many it stands for."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[str, int, str], _Told] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write this one, by the time at which it was said."""
        if record.name.partition(".")[0] == _OURS:
            return True
        kind = (record.name, record.levelno, str(record.msg))
        told = self._told.pop(kind, None)
        if told is not None and record.created < told.at + EVERY_S:
            told.left_out += 1
            self._told[kind] = told
            return False
        if told is not None and told.left_out:
            record.msg = f"{record.getMessage()} (and {told.left_out} like it)"
            record.args = ()
        if len(self._told) >= KINDS:
            del self._told[next(iter(self._told))]  # not said for the longest
        self._told[kind] = _Told(record.created)
        return True
