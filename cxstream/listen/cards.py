"""Payment cards: the number whose check digit holds, grouped as cards are."""

from __future__ import annotations

from itertools import pairwise

from cxstream.listen.numerals import Item

_LENGTHS = {"2": (16,), "3": (14, 15, 16), "4": (13, 16, 19), "5": (16,), "6": (16, 19)}
_GROUPS = {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (4, 4, 4, 1)}
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def find_card(text: str, items: list[Item]) -> tuple[int, int] | None:
    """First and last (exclusive) of the items that together are a payment card's number."""
    if all(item.single for item in items):
        digits = "".join(item.digits for item in items)
        whole = len(digits) in _LENGTHS.get(digits[0], ()) and luhn(digits)
        return (0, len(items)) if whole else None
    for first, item in enumerate(items):
        lengths = _LENGTHS.get(item.digits[0])
        if lengths is None:
            continue
        digits = ""
        for last in range(first, min(len(items), first + lengths[-1])):
            digits += items[last].digits
            if len(digits) > lengths[-1]:
                break
            if len(digits) not in lengths or not luhn(digits):
                continue
            if _is_layout(text, items[first : last + 1]):
                return first, last + 1
    return None


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the rest (ISO/IEC 7812)."""
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(_DOUBLED[int(digit)] for digit in even)) % 10 == 0


def _is_layout(text: str, items: list[Item]) -> bool:
    """Whether a card would be written so; else one in ten lists of amounts would pass for one."""
    if tuple(len(i.digits) for i in items) in _GROUPS or all(item.single for item in items):
        return True
    gaps = {text[a.end : b.start] for a, b in pairwise(items)}
    return len(gaps) <= 1 and gaps <= {" ", "-"}
