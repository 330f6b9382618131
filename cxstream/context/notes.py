"""What is to be passed on with a customer: what they tried, what they told and must not be asked again."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

NOTES_MAX = 32


class Remembered(Struct, frozen=True, array_like=True):
    """One note of a rule; `kind` is `tried` or `told`, the time UTC epoch milliseconds of event time."""

    rule: str
    kind: str
    text: str
    conversation_id: str
    at_ms: int


Notes = tuple[Remembered, ...]


def together(some: Iterable[Remembered], more: Iterable[Remembered]) -> Notes:
    """Two sets of notes as one, oldest first; of a rule and conversation the latest, of all the newest."""
    kept: dict[tuple[str, str], Remembered] = {}
    for note in sorted((*some, *more), key=lambda n: (n.at_ms, n.text)):
        kept[(note.rule, note.conversation_id)] = note
    return tuple(sorted(kept.values(), key=lambda n: (n.at_ms, n.rule)))[-NOTES_MAX:]
