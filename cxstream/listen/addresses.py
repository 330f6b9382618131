"""Where someone lives: house number and street, post office box, postcode; written, or spoken.

Each has a number in it: as a word of its own (`numerals.says_number`), but for a code that was announced, whose
digits may stand without blanks between them.

A street is a house number, one to four words and a kind of street (`22b baker street`, `forty two high road`).
Kinds that are everyday words too (way, close, drive, court) count only after words that announce an address, or
with a capital letter. Town, state and code right behind a street go with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cxstream.listen.spans import Span

_B, _E = r"(?<![^\W\d_])", r"(?![^\W_])"
_CLEAR: Final = (
    "street|st|road|rd|avenue|ave|lane|ln|boulevard|blvd|crescent|terrace|gardens|mews|highway|hwy|parkway|pkwy|"
    "drv|turnpike|esplanade|straße|strasse"
)
_EVERYDAY: Final = (
    "drive|dr|court|ct|way|close|place|pl|square|sq|circle|cir|grove|row|walk|hill|rise|view|park|green|path|trail|loop|"
    "alley|quay|wharf|yard"
)
_ONES: Final = "one|two|three|four|five|six|seven|eight|nine"
_SPOKEN: Final = (
    rf"(?:{_ONES}|oh|zero|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|"
    rf"forty|fifty|sixty|seventy|eighty|ninety|hundred)"
)
_NUMBER: Final = rf"(?:\d{{1,5}}(?:[ -]?[a-d]{_E})?|{_SPOKEN}(?:[\s-](?:and\s)?{_SPOKEN}){{0,5}})"
_NOT_A_NAME: Final = frozenset(
    "a an the in on of to for and or but my your his her our their this that these those more other out by at "
    "is are was were be been no not any each per from with it its one's i we you he she they do did does have "
    "has had get got go minutes minute hours hour days day weeks week months month years year times time "
    "pounds dollars euros percent".split()
)
_STREET: Final = re.compile(
    rf"(?<![\w.,£$€-])(?P<number>{_NUMBER}),?\s(?P<name>(?:[^\W\d_][\w'.-]{{0,24}}\s){{1,4}}?)"
    rf"(?:(?P<clear>{_CLEAR})|(?P<everyday>{_EVERYDAY})){_E}(?:\s(?:{_CLEAR}|{_EVERYDAY}){_E})?+\.?",
    re.IGNORECASE,
)
_GERMAN_KINDS: Final = ("straße", "strasse", "str.", "weg", "platz", "allee", "gasse")
_GERMAN: Final = re.compile(
    rf"{_B}[^\W\d_]{{3,24}}(?:{'|'.join(map(re.escape, _GERMAN_KINDS))})\s\d{{1,4}}(?:\s?[a-d])?{_E}",
    re.IGNORECASE,
)
_BOX: Final = re.compile(
    rf"{_B}p\.?\s?o\.?\s?box\s(?:\d{{1,6}}|{_SPOKEN}(?:\s{_SPOKEN}){{0,5}}){_E}", re.IGNORECASE
)
_POSTCODE: Final = re.compile(
    rf"{_B}(?:gir\s?0aa|[a-z]{{1,2}}\d[a-z\d]?\s?\d[abd-hjlnp-uw-z]{{2}}){_E}", re.IGNORECASE
)
_ZIP: Final = re.compile(
    rf"{_B}(?P<said>zip(?:\s?code)?|post\s?code|postal\scode)(?:\s(?:is|was|code|it's|here|for|me|um|uh)|[:,])*\s"
    rf"(?P<code>\d{{4,5}}(?:-\d{{4}})?|[a-z]\d[a-z]\s?\d[a-z]\d|(?:{_SPOKEN}\s?){{4,6}}){_E}",
    re.IGNORECASE,
)
_DIGIT: Final = re.compile(r"\d")
_TOWN: Final = re.compile(
    r"(?:,?\s(?:apt|apartment|unit|flat|suite|ste|number)\.?\s#?[\w-]{1,6})?"
    r"(?:,\s?(?:in\s)?[A-Z][\w'-]{1,20}(?:\s[A-Z][\w'-]{1,20}){0,2})?(?:,?\s[A-Z]{2}(?![^\W_]))?(?:,?\s\d{5}(?:-\d{4})?(?!\d))?"
)
_ANNOUNCED: Final = re.compile(
    r"(?:address|live|lives|living|moved|moving|ship(?:ped)?|deliver(?:ed|y)?|send\sit|sent|reside|house|home|stay(?:ing)?)"
    r"\b[^.?!]{0,40}$",
    re.IGNORECASE,
)  # fmt: skip


def find_addresses(text: str) -> Iterator[Span]:
    """Streets, boxes and postcodes by their form, in order and without overlap."""
    lower = text.lower()
    found = [*_streets(text, lower)]
    if "box" in lower:
        found += (Span(*hit.span(), "address") for hit in _BOX.finditer(text))
    if _DIGIT.search(text):
        found += (Span(*hit.span(), "address") for hit in _POSTCODE.finditer(text))
        if any(map(lower.__contains__, _GERMAN_KINDS)):
            found += (Span(*hit.span(), "address") for hit in _GERMAN.finditer(text))
    end = 0
    for span in sorted(found):
        if span.start >= end:
            end = span.end
            yield span


def find_postcodes(text: str) -> Iterator[Span]:
    """Codes after the words that announce one, in order."""
    lower = text.lower()
    if "zip" in lower or "post" in lower:
        for hit in _ZIP.finditer(text):
            yield Span(*hit.span("code"), "address")


def _streets(text: str, lower: str) -> Iterator[Span]:
    if not _KINDS.search(lower):
        return
    for hit in _STREET.finditer(text):
        names = hit["name"].lower().split()
        if _NOT_A_NAME.intersection(names):
            continue
        if hit["everyday"] and not (
            hit["everyday"][0].isupper()
            or _ANNOUNCED.search(text, max(0, hit.start() - 60), hit.start())
        ):
            continue
        town = _TOWN.match(text, hit.end())
        yield Span(hit.start(), town.end() if town else hit.end(), "address")


_KINDS: Final = re.compile(rf"\b(?:{_CLEAR}|{_EVERYDAY})\b")
