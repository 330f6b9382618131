"""What was said, in words: patterns over an utterance that give the spans a decision rests on."""

from __future__ import annotations

from collections.abc import Iterable

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

    `span` gives places back in the characters of the utterance as it was said.
    """

    __slots__ = ("_places", "text")

    def __init__(self, original: str) -> None:
        text = original[:SCANNED_MAX].translate(_PLAIN)
        lower = text.lower()
        self._places: list[int] | None = None
        if len(lower) != len(text) or "  " in lower:
            lower, self._places = _squeezed(text)
        self.text = lower

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


class Phrases(Struct, frozen=True):
    """A rule's patterns by group, and those that make a match void where they overlap it."""

    groups: tuple[tuple[str, tuple[Pattern, ...]], ...]
    unless: tuple[Pattern, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the groups."""
        return tuple(name for name, _ in self.groups)

    def find(self, said: Said) -> dict[str, tuple[Span, ...]]:
        """The places where each group was said, in the original's characters; empty groups left out.

        The first match of each pattern that is not void counts; spans are in order of place.
        """
        found: dict[str, tuple[Span, ...]] = {}
        void: list[Span] | None = None
        for name, patterns in self.groups:
            spans = set()
            for pattern in patterns:
                if not pattern.may_match(said.text):
                    continue
                for match in pattern.compiled.finditer(said.text):
                    if void is None:
                        void = list(_all(self.unless, said))
                    span = match.span()
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
        masks: dict[str, int] = {}
        self._always = 0
        for place, one in enumerate(phrases):
            for _, patterns in one.groups if one is not None else ():
                for pattern in patterns:
                    self._always |= 0 if pattern.anchors else 1 << place
                    for anchor in pattern.anchors:
                        masks[anchor] = masks.get(anchor, 0) | 1 << place
        self._short = [(a, mask) for a, mask in masks.items() if len(a) < _BEGINNING]
        self._by_beginning: dict[str, list[tuple[str, int]]] = {}
        for anchor, mask in masks.items():
            if len(anchor) >= _BEGINNING:
                self._by_beginning.setdefault(anchor[:_BEGINNING], []).append((anchor, mask))

    def worth(self, said: Said) -> int:
        """The places of the phrases that may have been said, as bits."""
        text, worth = said.text, self._always
        for anchor, mask in self._short:
            if anchor in text:
                worth |= mask
        beginnings = {text[at : at + _BEGINNING] for at in range(len(text) - _BEGINNING + 1)}
        for beginning in beginnings & self._by_beginning.keys():
            for anchor, mask in self._by_beginning[beginning]:
                if anchor in text:
                    worth |= mask
        return worth


def _all(patterns: Iterable[Pattern], said: Said) -> Iterable[Span]:
    for pattern in patterns:
        if pattern.may_match(said.text):
            for match in pattern.compiled.finditer(said.text):
                yield match.span()
