"""Which of many phrases were said, perhaps: one pass over a text for all of them.

A pattern matches no text that has none of its anchors (see `patterns`). Each anchor is filed under the three
letters in a row of it that fewest anchors share, and a text looks only under the threes that it has itself:
of a hundred rules' seven hundred anchors a sentence is held against ten or so. A pattern that several rules
listen for is searched once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cxstream.decide.patterns import Pattern
from cxstream.decide.phrases import Listened, Phrases, Said

Heard = Mapping[int, Sequence[Listened]]
"""The patterns that match a text, by the place of their phrases (what makes matches void is not asked yet)."""

_THREE = 3


class Anchors:
    """The patterns of phrases in a row, each phrases known by their place in it."""

    __slots__ = ("_always", "_filed", "_short", "_threes")

    def __init__(self, phrases: Iterable[Phrases | None]) -> None:
        uses: dict[str, _Use] = {}
        waiting: dict[str, dict[str, _Use]] = {}
        always: dict[str, _Use] = {}
        for place, one in enumerate(phrases):
            for name, pattern in one.listened() if one is not None else ():
                use = uses.setdefault(pattern.source, _Use(pattern, []))
                use.by.append((place, (name, pattern)))
                if not pattern.anchors:
                    always[pattern.source] = use
                for text in pattern.anchors:
                    waiting.setdefault(text, {})[pattern.source] = use
        anchors = [_Anchor(text, those) for text, those in waiting.items()]
        shared = Counter(three for text in waiting for three in _threes(text))
        self._always = tuple(always.values())
        self._short = tuple(anchor for anchor in anchors if len(anchor.text) < _THREE)
        self._filed: dict[str, list[_Anchor]] = {}
        for anchor in anchors:
            if threes := sorted(_threes(anchor.text)):
                rarest = min(threes, key=shared.__getitem__)
                self._filed.setdefault(rarest, []).append(anchor)
        self._threes = frozenset(self._filed)

    def heard(self, said: Said) -> Heard:
        """Which patterns match."""
        text, filed = said.text, self._filed
        uses = {use.pattern.source: use for use in self._always}
        for anchor in self._short:
            if anchor.text in text:
                uses |= anchor.uses
        for three in self._threes.intersection(_threes(text)):
            for anchor in filed[three]:
                if anchor.text in text:
                    uses |= anchor.uses
        heard: dict[int, list[Listened]] = {}
        for use in uses.values():
            if said.search(use.pattern):
                for place, listened in use.by:
                    heard.setdefault(place, []).append(listened)
        return heard


class _Use(NamedTuple):
    """A pattern, and who listens for it in which group."""

    pattern: Pattern
    by: list[tuple[int, Listened]]


class _Anchor(NamedTuple):
    text: str
    uses: dict[str, _Use]


def _threes(text: str) -> set[str]:
    """All that is three letters long in a text."""
    return {text[at : at + _THREE] for at in range(len(text) - _THREE + 1)}
