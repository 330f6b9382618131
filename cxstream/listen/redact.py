"""No personal data past the door: what must not go on is replaced by a mask before anything reads the text.

    [CARD] [IBAN] [ACCOUNT] [EMAIL] [PHONE] [ADDRESS] [DOB] [ID] [SECRET] [NUMBER]

Precise kinds come first (e-mail, IBAN, a card whose check digit holds); a run of nine or more digits that
is nothing better known is a [NUMBER], and so are digits at the edge of a fragment that may be half of one (see
`digits`). Order numbers of four to eight digits, other dates, times and amounts stay.

The finders share one working copy of the text in which everything masked so far is blanked, so that no two
masks overlap, and go over it until they find nothing more, so that a second pass changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from cxstream.listen.addresses import find_addresses, find_postcodes
from cxstream.listen.birthdays import find_birthdays
from cxstream.listen.digits import find_digits
from cxstream.listen.identifiers import (
    find_emails,
    find_ibans,
    find_ids,
    find_passwords,
    find_sort_codes,
)
from cxstream.listen.numerals import says_number
from cxstream.listen.postcodes import find_spelt_postcodes
from cxstream.listen.spans import BLANK, Span

KINDS = (
    "card", "iban", "account", "email", "phone", "address", "dob", "id", "secret", "number",
)  # fmt: skip
"""What a redactor may count; the mask is the kind in capitals and brackets."""


class Redacted(NamedTuple):
    """A text without personal data, and how many masks of each kind (`KINDS`) were set in it."""

    text: str
    counts: Mapping[str, int]


class Redactor(Protocol):
    """Takes personal data out of a text."""

    def redact(self, text: str) -> Redacted:
        """The text with masks. Pure, linear in the text, idempotent: redacting twice changes nothing."""


_FINDERS: tuple[Callable[[str], Iterator[Span]], ...] = (
    find_emails,
    find_ibans,
    find_passwords,
    find_ids,
    find_sort_codes,
    find_birthdays,
    find_addresses,
    find_postcodes,
    find_spelt_postcodes,
    find_digits,
)
_IN_WORDS = (find_emails, find_passwords, find_birthdays, find_postcodes)
"""Those of them that find something in a text that says no number."""
_MASK = re.compile(rf"\[(?:{'|'.join(kind.upper() for kind in KINDS)})\]")
_ROUNDS = 6
"""A mask can make what stands beside it readable; twice is rare, and no adversary gets more than these."""
_NOTHING: Mapping[str, int] = {}


class PatternRedactor:
    """A Redactor by patterns and check digits: no model, no network, tens of microseconds a text with a number.

    It does not know names. What is split over two fragments it sees in halves, and masks both.
    """

    def redact(self, text: str) -> Redacted:
        """See `Redactor`."""
        work = text
        if "[" in text:
            work = _MASK.sub(lambda mask: BLANK * len(mask[0]), text)
        found: list[Span] = []
        finders = _FINDERS if says_number(work) else _IN_WORDS
        for _ in range(_ROUNDS):
            before = len(found)
            for finder in finders:
                spans = list(finder(work))
                if spans:
                    work = _replaced(work, spans, lambda span: BLANK * (span.end - span.start))
                    found += spans
            if len(found) == before:
                break
            finders = _FINDERS
        if not found:
            return Redacted(text, _NOTHING)
        found.sort()
        masked = _replaced(text, found, lambda span: f"[{span.kind.upper()}]")
        return Redacted(masked, Counter(span.kind for span in found))


def _replaced(text: str, spans: list[Span], mask: Callable[[Span], str]) -> str:
    """The text with each span replaced; the spans are in order and do not overlap."""
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += text[at : span.start], mask(span)
        at = span.end
    parts.append(text[at:])
    return "".join(parts)
