"""Where a text says digits: runs of them, written or spoken, with what people put between two of them.

    four one one one double two · forty-one eleven · 4111 1111, no sorry, 4112 · oh two oh

A run is a sequence of items (a group of digits, a digit word, `double seven`, `forty one`) with little between
them: separators, at most three fillers, and corrections ("no wait"). Dates are no runs. Linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_ONES = {
    word: digit
    for digit, words in enumerate(
        ("zero oh o nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine niner")
    )
    for word in words.split()
}  # fmt: skip
_TEENS = {
    word: str(number)
    for number, word in enumerate(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(),
        10,
    )
}
_TENS = {
    word: digit
    for digit, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_TIMES = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
# Where a word begins and ends; a digit beside it does not count, because it may become a mask.
B, E = r"(?<![^\W\d])", r"(?![^\W\d])"
_ONE = "|".join(_ONES)
_LARGE = f"{'|'.join(_TEENS)}|(?:{'|'.join(_TENS)})(?:[\\s-](?:{_ONE}){E})?+"
_WORD = rf"{B}(?:(?:{'|'.join(_TIMES)})\s(?:{_ONE})|{_LARGE}|{_ONE}){E}"
_ITEM = rf"(?:\d++|{_WORD})"

CORRECTION = (
    r"no|nope|sorry|wait|hang\son|hold\son|actually|correction|scratch\sthat|i\smean|my\smistake|let\sme\s"
    r"start\sagain|make\sthat|rather|not"
)
_FILLER = (
    r"u+m+|u+h+|er+m?|ehm|hmm+|mm+|and|then|so|okay|ok|yeah|yes|right|dash|hyphen|space|slash|stroke|pause|"
    r"next|again|for|to|too|got\sit|that's|it's|its|is|it|was|the|number|digits?"
)
_GAP = (
    rf"[\s,.;/()\-\u2010-\u2015]{{1,3}}+(?:(?:{CORRECTION}|{_FILLER}){E}[\s,.;\-]{{1,3}}+){{0,4}}+"
)
DATE = (
    r"(?<![\d.\-/])(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))"
    r"(?!\d|[-/.]\d)"
)
_RUN = re.compile(
    rf"{DATE}|(?P<run>(?P<lead>\+\(?|\(\+?)?(?P<items>{_ITEM}(?:{_GAP}(?!{DATE}){_ITEM})*+))",
    re.IGNORECASE,
)
_ITEMS = re.compile(_ITEM, re.IGNORECASE)
_CORRECTED = re.compile(rf"{B}(?:{CORRECTION}){E}", re.IGNORECASE)
_FILLERS_ONLY = re.compile(
    rf"(?:[\W_]|{B}(?:{_FILLER}|{CORRECTION}|sure|certainly|of\scourse|oh|my|well|let's\ssee|here|you|go|"
    rf"this|thats|here's|hello|hi|please|thanks|thank|i|think|believe){E})*+",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[a-z]+")
_SPEAKS = frozenset(_ONES) | frozenset(_TIMES) | frozenset(_TEENS) | frozenset(_TENS)
_COUNTS = _SPEAKS | {"hundred"}


class Item(NamedTuple):
    """Characters `start` to `end` say these digits; `spoken` when in words."""

    start: int
    end: int
    digits: str
    spoken: bool

    @property
    def single(self) -> bool:
        """Whether it is said digit by digit, or nearly so: a word, or one written digit."""
        return self.spoken or len(self.digits) == 1


class Run(NamedTuple):
    """The items of one run; `lead` is a sign before it (`+`, `(`)."""

    items: list[Item]
    lead: str
    start: int


def says_number(text: str) -> bool:
    """Whether a text may say a number, in digits or words; for most it is no, and much need not be looked for.

    Where letters are not plain it is yes: patterns that ignore case take the long s for an s.
    """
    if not text.isascii() or _DIGIT.search(text):
        return True
    return not _COUNTS.isdisjoint(_LETTERS.findall(text.lower()))


def find_runs(text: str) -> Iterator[Run]:
    """All runs with three digits or more, in order."""
    spoken = sum(word in _SPEAKS for word in _LETTERS.findall(text.lower()))
    if spoken < 2 and len(_DIGIT.findall(text)) + spoken < 3:
        return
    for found in _RUN.finditer(text):
        if found["run"] is None:
            continue
        items = _items(text, found.start("items"), found.end("items"))
        if count(items) >= 3:
            yield Run(items, found["lead"] or "", found.start("run"))


def count(items: list[Item]) -> int:
    """How many digits the items say."""
    return sum(len(item.digits) for item in items)


def is_corrected(text: str, items: list[Item]) -> bool:
    """Whether the speaker takes something back within the run."""
    return any(
        _CORRECTED.search(text, before.end, item.start)
        for before, item in pairwise(items)
        if item.start - before.end > 2
    )


def begins(text: str, start: int) -> bool:
    """Whether nothing but fillers stands before `start`."""
    return _only_fillers(text, 0, start)


def ends(text: str, end: int) -> bool:
    """Whether nothing but fillers stands after `end`."""
    return _only_fillers(text, end, len(text))


def _only_fillers(text: str, start: int, end: int) -> bool:
    found = _FILLERS_ONLY.match(text, start, end)
    return found is not None and found.end() == end


def _items(text: str, start: int, end: int) -> list[Item]:
    items = []
    for hit in _ITEMS.finditer(text, start, end):
        said = hit[0]
        digits = "".join(str(int(c)) for c in said) if said[0].isdigit() else _digits_of(said)
        items.append(Item(hit.start(), hit.end(), digits, not said[0].isdigit()))
    return items


def _digits_of(said: str) -> str:
    # A pattern that ignores case takes letters (the long s) that a dictionary does not: then zero.
    first, *rest = re.split(r"[\s-]", said.casefold())
    if first in _TIMES:
        return str(_ONES.get(rest[0], 0)) * _TIMES[first]
    if first in _TENS:
        return f"{_TENS[first]}{_ONES.get(rest[0], 0) if rest else 0}"
    return _TEENS.get(first) or str(_ONES.get(first, 0))
