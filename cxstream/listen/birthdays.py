"""Dates of birth: a date after the words that announce one, or one of long ago that a fragment begins with, as
answers to "and your date of birth?" do.

Other dates (of an order, an appointment, a bill) are no personal data, and stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cxstream.listen.numerals import begins, ends
from cxstream.listen.spans import Span

_B, _E = r"(?<![^\W_])", r"(?![^\W_])"
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
_ORDINAL: Final = (
    r"(?:(?:twenty|thirty)[\s-](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|first|second|third|fourth|"
    r"fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|"
    r"eighteenth|nineteenth|twentieth|thirtieth)"
)
_ONES: Final = "one|two|three|four|five|six|seven|eight|nine"
_TENS: Final = (
    rf"(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty|"
    rf"sixty|seventy|eighty|ninety)(?:[\s-](?:{_ONES}))?|(?:oh|o|zero)\s(?:{_ONES}))"
)
_NTH: Final = rf"(?:\d{{1,2}}(?:st|nd|rd|th)|{_ORDINAL})"
_DAY: Final = rf"(?:(?:the\s)?(?:\d{{1,2}}(?:st|nd|rd|th)?|{_ORDINAL}|{_TENS}|{_ONES}))"
_YEAR: Final = (
    rf"(?:\d{{4}}|'?\d{{2}}|(?:nineteen|twenty)\s{_TENS}|two\sthousand(?:\s(?:and\s)?(?:{_ONES}|{_TENS}))?"
    rf"|{_TENS})"
)
_PAST: Final = (
    rf"(?:19\d\d|200\d|201[0-2]|'?[3-9]\d|nineteen\s{_TENS}"
    rf"|(?:thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-](?:{_ONES}))?"
    rf"|two\sthousand(?:\s(?:and\s)?(?:{_ONES}|ten|eleven|twelve))?)"
)
_SEP: Final = r"[\s,]{1,2}(?:of\s)?"
_WRITTEN: Final = r"\d{1,4}(?P<sep>[-/. ])\d{1,2}(?P=sep)\d{2,4}"


def _words(year: str) -> str:
    """Day and month in either order, or "the second of the fourth", then what `year` says."""
    return (
        rf"(?:{_MONTH}\s{_DAY}{year}|{_DAY}\s(?:of\s)?{_MONTH}{year}"
        rf"|(?:the\s)?{_NTH}\sof\sthe\s{_NTH}{year})"
    )


_ANY: Final = rf"(?:{_WRITTEN}|{_words(f'(?:{_SEP}{_YEAR})?')})"
_BORN: Final = re.compile(
    rf"{_B}(?:date\sof\sbirth|d\.?o\.?b\.?|birth\s?da(?:te|y)|born)(?:[\s:,=]|is|was|on|it's|the\sdate|my|um|uh|in){{0,6}}?"
    rf"[\s:,=]{{0,2}}(?P<date>{_ANY}){_E}",
    re.IGNORECASE,
)
_ALONE: Final = re.compile(
    rf"{_B}(?P<date>\d{{1,2}}[-/. ]\d{{1,2}}[-/. ](?:19\d\d|200\d|201[0-2]|[3-9]\d)"
    rf"|(?:19\d\d|200\d|201[0-2])-\d\d-\d\d|{_words(_SEP + _PAST)}){_E}",
    re.IGNORECASE,
)

_MONTHS: Final = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())

_MAY_BE: Final = re.compile(r"\d[-/. ]\d|\bof\sthe\b")
"""One of it, or a month, is in every date."""
_GOES_ON: Final = re.compile(r"\s?[,.;](?!\d)|\s(?:and|at|my|it's)\b", re.IGNORECASE)
"""What may follow, when the answer goes on with the address."""


def find_birthdays(text: str) -> Iterator[Span]:
    """Dates of birth, in order."""
    lower = text.lower()
    if "birth" in lower or "born" in lower or "dob" in lower or "d.o.b" in lower:
        for hit in _BORN.finditer(text):
            yield Span(*hit.span("date"), "dob")
        return
    if text.isascii() and not (_MAY_BE.search(lower) or any(map(lower.__contains__, _MONTHS))):
        return
    for hit in _ALONE.finditer(text):
        if begins(text, hit.start()) and (ends(text, hit.end()) or _GOES_ON.match(text, hit.end())):
            yield Span(*hit.span("date"), "dob")
            return
