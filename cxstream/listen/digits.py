"""Personal data made of digits: cards, phone numbers, ids, secrets; written, or spoken one by one.

A text is cut into runs: digits and digit words (one, oh, double two) with little between them. A run is a
card where its check digit holds, a phone number or an id where its grouping or the words before it say so,
a secret right after `PIN`, `CVV` and their like, and a number from nine digits on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from cxstream.listen.spans import Span

LONG = 9
"""From this many digits on a number can identify a person, and an order number is rare."""

_WORDS = {
    word: digit
    for digit, words in enumerate(
        ("zero oh o nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    )
    for word in words.split()
}
_TIMES = {"double": 2, "triple": 3, "treble": 3}
# Where a word begins and ends; a digit beside it does not count, because it may become a mask.
_B, _E = r"(?<![^\W\d])", r"(?![^\W\d])"
_WORD = rf"{_B}(?:(?:double|triple|treble)\s)?(?:{'|'.join(_WORDS)}){_E}"
_ITEM = rf"(?:\d++|{_WORD})"
_GAP = (
    r"[\s,.()\-\u2010-\u2015]{1,3}+"
    rf"(?:(?:um|uh|erm?|and|then|dash|hyphen|space){_E}[\s,.]{{1,3}}+)?+"
)
_DATE = (
    r"(?<![\d.\-/])(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2}))"
    r"(?!\d|[-/.]\d)"
)
_RUN = re.compile(
    rf"{_DATE}|(?P<run>(?P<lead>\+\(?|\(\+?)?(?P<items>{_ITEM}(?:{_GAP}(?!{_DATE}){_ITEM})*+))",
    re.IGNORECASE,
)
_ITEMS = re.compile(_ITEM, re.IGNORECASE)

_FILL = rf"(?:[\s:=#,.\-]++|(?:is|was|are|it's|its|code|number|no|the|um|uh|at|on|would|be){_E})*+"
_CONTEXT = re.compile(
    rf"{_B}(?:(?P<secret>cvv2?|cvc2?|csc|pin|pass\s?code|otp|one[\s-]time\s(?:code|password|passcode|pin)"
    r"|(?:security|verification|access|three[\s-]digit|four[\s-]digit)\s(?:code|number))"
    r"|(?P<id>ssn|social(?:\ssecurity)?|sort\scode|routing\snumber|(?:account|acct)(?:\snumber)?|passport"
    r"|national\sinsurance|tax\sid|licen[cs]e\snumber)"
    rf"|(?P<phone>phone|mobile|cell|tel|telephone|whatsapp|(?:call|reach|text|ring)\sme(?:\sback)?)){_E}{_FILL}",
    re.IGNORECASE,
)
_CARD_LENGTHS = {"2": (16,), "3": (14, 15, 16), "4": (13, 16, 19), "5": (16,), "6": (16, 19)}
_CARD_GROUPS = {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (4, 4, 4, 1)}

_TIGHT = frozenset((" ", "-", ".", ") ", ")", ")-", " - "))

_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[a-z]+")
_SPEAKS = frozenset(_WORDS) | frozenset(_TIMES)


class _Item(NamedTuple):
    start: int
    end: int
    digits: str
    spoken: bool


def find_digits(text: str) -> Iterator[Span]:
    """All runs of digits that are personal data, in order."""
    spoken = sum(word in _SPEAKS for word in _LETTERS.findall(text.lower()))
    if spoken < 2 and len(_DIGIT.findall(text)) + spoken < 3:
        return
    context: dict[int, str] | None = None
    for run in _RUN.finditer(text):
        if run["run"] is None:
            continue
        items = _items(text, run.start("items"), run.end("items"))
        if _count(items) < 3:
            continue
        if context is None:
            context = {hit.end(): hit.lastgroup or "" for hit in _CONTEXT.finditer(text)}
        said = context.get(run.start("run"), "")
        yield from _judge(text, items, run["lead"] or "", said)


def _items(text: str, start: int, end: int) -> list[_Item]:
    items = []
    for hit in _ITEMS.finditer(text, start, end):
        written = hit[0]
        if written[0].isdigit():
            digits = "".join(str(int(char)) for char in written)
        else:
            # A pattern that ignores case takes letters (the long s) that a dictionary does not.
            *times, word = written.casefold().split()
            digits = str(_WORDS.get(word, 0)) * (_TIMES.get(times[0], 2) if times else 1)
        items.append(_Item(hit.start(), hit.end(), digits, not written[0].isdigit()))
    return items


def _judge(text: str, items: list[_Item], lead: str, said: str) -> Iterator[Span]:
    """What a run is: a secret, or cards and what stands round them."""
    if said == "secret" and _count(items) < LONG:
        yield Span(items[0].start, items[-1].end, "secret")
        return
    while items and (card := _find_card(text, items)):
        first, last = card
        if first:
            yield from _judge(text, items[:first], lead, said)
        # Three to eight digits right behind a card are its expiry date and security code.
        if 3 <= _count(items[last:]) < LONG:
            last = len(items)
        yield Span(items[first].start, items[last - 1].end, "card")
        items, lead, said = items[last:], "", ""
    if items:
        yield from _judge_rest(text, items, lead, said)


def _judge_rest(text: str, items: list[_Item], lead: str, said: str) -> Iterator[Span]:
    """What a run without a card is, as a whole; if it is nothing as a whole, what its groups are."""
    start, end = items[0].start, items[-1].end
    digits = "".join(item.digits for item in items)
    if (said == "id" and 5 <= len(digits) <= 20) or (_lengths(items) == (3, 2, 4) and not lead):
        yield Span(start, end, "id")
    elif _is_phone(text, items, digits, lead, said):
        yield Span(start - len(lead), end, "phone")
    elif _is_one_number(text, items, digits):
        yield Span(start, end, "number")
    elif len(parts := _split(text, items)) > 1:
        for part in parts:
            yield from _judge(text, part, lead, said)
            lead, said = "", ""


def _split(text: str, items: list[_Item]) -> list[list[_Item]]:
    """The items cut round every long one, and where more than a space, a hyphen or a dot stands."""
    parts = [items[:1]]
    for before, item in pairwise(items):
        long = len(item.digits) >= LONG or len(before.digits) >= LONG
        if long or text[before.end : item.start] not in _TIGHT:
            parts.append([item])
        else:
            parts[-1].append(item)
    return parts


def _find_card(text: str, items: list[_Item]) -> tuple[int, int] | None:
    """First and last (exclusive) of the items that together are a payment card's number."""
    if all(_is_single(item) for item in items):
        digits = "".join(item.digits for item in items)
        whole = len(digits) in _CARD_LENGTHS.get(digits[0], ()) and _luhn(digits)
        return (0, len(items)) if whole else None
    for first, item in enumerate(items):
        lengths = _CARD_LENGTHS.get(item.digits[0])
        if lengths is None:
            continue
        digits = ""
        for last in range(first, min(len(items), first + lengths[-1])):
            digits += items[last].digits
            if len(digits) > lengths[-1]:
                break
            if len(digits) not in lengths or not _luhn(digits):
                continue
            if _is_card_layout(text, items[first : last + 1]):
                return first, last + 1
    return None


def _is_card_layout(text: str, items: list[_Item]) -> bool:
    """Whether a card would be written so; else one in ten lists of amounts would pass for one."""
    if _lengths(items) in _CARD_GROUPS or all(_is_single(item) for item in items):
        return True
    gaps = {text[a.end : b.start] for a, b in pairwise(items)}
    return len(gaps) <= 1 and gaps <= {" ", "-"}


def _count(items: list[_Item]) -> int:
    return sum(len(item.digits) for item in items)


def _is_single(item: _Item) -> bool:
    return item.spoken or len(item.digits) == 1


def _luhn(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(_DOUBLED[int(digit)] for digit in even)) % 10 == 0


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def _is_phone(text: str, items: list[_Item], digits: str, lead: str, said: str) -> bool:
    if said == "phone" and 7 <= len(digits) <= 15:
        return True
    if "+" in lead and 8 <= len(digits) <= 15:
        return True
    if not _is_grouped(text, items, " -.()"):
        return False
    lengths = _lengths(items)
    if lengths == (3, 3, 4) or (lengths == (1, 3, 3, 4) and digits[0] == "1"):
        return True
    return items[0].digits[0] == "0" and 9 <= len(digits) <= (15 if digits[1] == "0" else 12)


def _is_one_number(text: str, items: list[_Item], digits: str) -> bool:
    """Whether the groups are one long number: all spelt out, or grouped as people group numbers."""
    if len(digits) < LONG:
        return False
    singles = sum(_is_single(item) for item in items)
    if len(items) == 1 or singles == len(items):
        return True
    grouped_so = 2 * singles >= len(items) or max(_lengths(items)) <= 4
    return grouped_so and _is_grouped(text, items, " -")


def _is_grouped(text: str, items: list[_Item], separators: str) -> bool:
    """Whether nothing but these separators stands between the items."""
    return all(not text[a.end : b.start].strip(separators) for a, b in pairwise(items))


def _lengths(items: list[_Item]) -> tuple[int, ...]:
    return tuple(len(item.digits) for item in items)
