"""What was said, in words: patterns over an utterance that give the spans a decision rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from cxstream.decide.patterns import Pattern

SCANNED_MAX = 8_000
"""Characters of an utterance that are searched; the rest of a very long one is not."""

ANY = "any"
"""The name of the group when a rule gives its phrases as one list."""

Span = tuple[int, int]
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
        text = original[:SCANNED_MAX]
        if not text.isascii() or not text.isprintable():
            text = text.translate(_PLAIN)
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
            found = self.search(pattern) if pattern.may_match(self.text) else ()
            self._matches[pattern.source] = found
        return found

    def search(self, pattern: Pattern) -> tuple[Span, ...]:
        """The same of a pattern that has an anchor here, or none, and was not searched yet."""
        found = tuple([match.span() for match in pattern.compiled.finditer(self.text)])
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


Listened = tuple[str, Pattern]
"""A pattern, after the name of its group."""


class Phrases(Struct, frozen=True):
    """A rule's patterns by group, and those that make a match void where they overlap it."""

    groups: tuple[tuple[str, tuple[Pattern, ...]], ...]
    unless: tuple[Pattern, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the groups."""
        return tuple(name for name, _ in self.groups)

    def listened(self) -> Iterator[Listened]:
        """All patterns, group by group."""
        for name, patterns in self.groups:
            for pattern in patterns:
                yield name, pattern

    def find(
        self, said: Said, heard: Iterable[Listened] | None = None
    ) -> dict[str, tuple[Span, ...]]:
        """The places where each group was said, in the original's characters; empty groups left out.

        The first match of each pattern that is not void counts; spans are in order of place. `heard` are those
        of its patterns that match (see `anchors`); None is to find that out, too.
        """
        found: dict[str, set[Span]] = {}
        void: list[Span] | None = None
        for name, pattern in self.listened() if heard is None else heard:
            for span in said.matches(pattern):
                if void is None:
                    void = [span for unless in self.unless for span in said.matches(unless)]
                if not void or not any(start < span[1] and span[0] < end for start, end in void):
                    found.setdefault(name, set()).add(said.span(*span))
                    break
        return {name: tuple(sorted(spans)) for name, spans in found.items()}
