"""What was said, in words: patterns over an utterance that give the spans a decision rests on."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import NamedTuple

from msgspec import Struct

from cxstream.decide.patterns import Pattern

SCANNED_MAX = 8_000
"""Characters of an utterance that are searched; the rest of a very long one is not."""

ANY = "any"
"""The name of the group when a rule gives its phrases as one list."""

Span = tuple[int, int]
_BEGINNING = 3
_PLAIN = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "ʼ": "'",
        "“": '"',
        "”": '"',
        "\u00a0": " ",
        "\n": " ",
        "\r": " ",
        "\t": " ",
    }
)


class Said:
    """An utterance made ready for searching: lower case, plain quotes, single blanks.

    `span` gives places back in the characters of the utterance as it was said. What several rules listen for
    is searched once.
    """

    __slots__ = ("_matches", "_places", "text")

    def __init__(self, original: str) -> None:
        text = original[:SCANNED_MAX].translate(_PLAIN)
        lower = text.lower()
        self._places: list[int] | None = None
        if len(lower) != len(text) or "  " in lower:
            lower, self._places = _squeezed(text)
        self.text = lower
        self._matches: dict[str, tuple[Span, ...]] = {}

    def matches(self, pattern: Pattern) -> tuple[Span, ...]:
        """Where a pattern matches, in the characters of `text`."""
        found = self._matches.get(pattern.source)
        if found is None:
            found = tuple(match.span() for match in pattern.compiled.finditer(self.text))
            self._matches[pattern.source] = found
        return found

    def span(self, start: int, end: int) -> Span:
        """The characters of the original that a match covers."""
        if self._places is None or end <= start:
            return start, end
        return self._places[start], self._places[end - 1] + 1


def _squeezed(text: str) -> tuple[str, list[int]]:
    characters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if char == " " and characters and characters[-1] == " ":
            continue
        for lowered in char.lower():
            characters.append(lowered)
            places.append(place)
    return "".join(characters), places


class Worth(NamedTuple):
    """What is worth a search in a text: phrases by their place, as bits, and patterns by their source."""

    places: int
    sources: Set[str]


class Phrases(Struct, frozen=True):
    """A rule's patterns by group, and those that make a match void where they overlap it."""

    groups: tuple[tuple[str, tuple[Pattern, ...]], ...]
    unless: tuple[Pattern, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the groups."""
        return tuple(name for name, _ in self.groups)

    def find(self, said: Said, worth: Worth | None = None) -> dict[str, tuple[Span, ...]]:
        """The places where each group was said, in the original's characters; empty groups left out.

        The first match of each pattern that is not void counts; spans are in order of place. Patterns that are
        not `worth` a search are not searched.
        """
        found: dict[str, tuple[Span, ...]] = {}
        void: list[Span] | None = None
        for name, patterns in self.groups:
            spans = set()
            for pattern in patterns:
                if worth is None:
                    if not pattern.may_match(said.text):
                        continue
                elif pattern.source not in worth.sources:
                    continue
                for span in said.matches(pattern):
                    if void is None:
                        void = list(_all(self.unless, said))
                    if not any(start < span[1] and span[0] < end for start, end in void):
                        spans.add(said.span(*span))
                        break
            if spans:
                found[name] = tuple(sorted(spans))
        return found


class Anchors:
    """Which of many phrases are worth a search in a text: one pass over the text for all of them.

    Anchors are filed under their first three letters, so that a text looks only at those that begin like
    something in it; a text of 100 letters and 400 anchors take some 10 µs.
    """

    __slots__ = ("_always", "_by_beginning", "_short")

    def __init__(self, phrases: Iterable[Phrases | None]) -> None:
        waiting: dict[str, tuple[int, set[str]]] = {}
        always, sources = 0, set[str]()
        for place, one in enumerate(phrases):
            for _, patterns in one.groups if one is not None else ():
                for pattern in patterns:
                    if not pattern.anchors:
                        always |= 1 << place
                        sources.add(pattern.source)
                    for text in pattern.anchors:
                        places, those = waiting.get(text, (0, set()))
                        waiting[text] = (places | 1 << place, those | {pattern.source})
        self._always = Worth(always, sources)
        anchored = [_Anchor(a, places, tuple(those)) for a, (places, those) in waiting.items()]
        self._short = [anchor for anchor in anchored if len(anchor.text) < _BEGINNING]
        self._by_beginning: dict[str, list[_Anchor]] = {}
        for found in anchored:
            if len(found.text) >= _BEGINNING:
                self._by_beginning.setdefault(found.text[:_BEGINNING], []).append(found)

    def worth(self, said: Said) -> Worth:
        """Which phrases may have been said, and which of their patterns."""
        text, places, sources = said.text, self._always.places, set(self._always.sources)
        for one in self._short:
            if one.text in text:
                places |= one.places
                sources.update(one.sources)
        beginnings = {text[at : at + _BEGINNING] for at in range(len(text) - _BEGINNING + 1)}
        for beginning in beginnings & self._by_beginning.keys():
            for one in self._by_beginning[beginning]:
                if one.text in text:
                    places |= one.places
                    sources.update(one.sources)
        return Worth(places, sources)


class _Anchor(NamedTuple):
    text: str
    places: int
    sources: tuple[str, ...]


def _all(patterns: Iterable[Pattern], said: Said) -> Iterable[Span]:
    for pattern in patterns:
        if pattern.may_match(said.text):
            yield from said.matches(pattern)
