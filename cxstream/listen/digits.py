"""Personal data made of digits: cards, phone numbers, accounts, ids, secrets; written, or spoken one by one.

A run of digits (see `numerals`) is a card where its check digit holds, a phone number, an account or an id
where its grouping or the words before it say so, a secret right after `PIN`, `CVV` and their like, and a number
from nine digits on. What was corrected half-way ("4111, no sorry, 4112 ...") goes with what replaced it.

A number may be split over two fragments, and redaction must not depend on which of them came first. So the
edges of a fragment are masked early: a fragment that is nothing but digits (someone was asked for a number),
and four or more digits said one by one at its beginning or end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from cxstream.listen.cards import find_card
from cxstream.listen.numerals import B, E, Item, Run, begins, count, ends, find_runs, is_corrected
from cxstream.listen.spans import Span

LONG = 9
"""From this many digits on a number can identify a person, and an order number is rare."""

AT_EDGE = 4
"""From this many digits, said one by one at an edge of a fragment, it may be half of a longer number."""

_FILL = (
    rf"(?:[\s:=#,.\-]++|(?:is|was|are|says|reads|it's|its|that's|code|numbers?|no|the|um|uh|er|at|on|would|be|starts?|begins?|"
    rf"with|so|okay|ok|yes|yeah|of|my|here|goes|again|digits?|date|card|then){E})*+"
)
_CONTEXT = re.compile(
    rf"{B}(?:(?P<secret>cvv2?|cvc2?|csc|pin|pass\s?code|otp|one[\s-]time\s(?:code|password|passcode|pin)"
    r"|(?:security|verification|access|three[\s-]digit|four[\s-]digit)\s(?:code|number)"
    # On the back of what, nobody needs to say when there are three of them.
    r"|(?:three|3)(?:\s(?:digits?|numbers?))?\son\sthe\s(?:back|reverse)(?!\sseat)(?:\sof\s(?:it|(?:the|my|this)\scard))?"
    r"|on\sthe\s(?:back|reverse)\sof\s(?:the|my|this)\scard)"
    r"|(?P<card>(?:credit|debit|bank|visa|master\s?card|amex|payment|long)\s(?:card|number)(?!\send)|card(?!\send)(?=\s"
    r"(?:number|is|it|that|goes|starts)))"
    r"|(?P<account>(?:account|acct|iban|sort\scode|routing)(?:\snumber)?)"
    r"|(?P<id>ssn|social(?:\ssecurity)?|passport|national\sinsurance|nhs|tax\sid|sin|id\snumber"
    r"|(?:driver'?s?|driving)\slicen[cs]e|licen[cs]e\snumber|medicare(?:\snumber)?)"
    r"|(?P<order>(?:order|reference|ref|booking|ticket|case|tracking|invoice|confirmation|product|model|flight)"
    r"(?:\s(?:number|code|id|no))?)"
    rf"|(?P<phone>phone|mobile|cell|tel|telephone|landline|whatsapp|(?:call|reach|text|ring)\sme(?:\sback)?)){E}{_FILL}",
    re.IGNORECASE,
)
_LEAST = {"card": 8, "account": 5, "id": 5}
_TIGHT = frozenset((" ", "-", ".", ") ", ")", ")-", " - "))


def find_digits(text: str) -> Iterator[Span]:
    """All runs of digits that are personal data, in order."""
    context: dict[int, str] | None = None
    runs = list(find_runs(text))
    for run in runs:
        if context is None:
            context = {hit.end(): hit.lastgroup or "" for hit in _CONTEXT.finditer(text)}
        said = context.get(run.start, "")
        items = run.items
        spans = list(_judge(text, items, run.lead, said))
        if spans and is_corrected(text, items):
            kind = spans[-1].kind
            spans = [Span(min(items[0].start, spans[0].start), items[-1].end, kind)]
        elif not spans and (kind := _at_edge(text, run, said, runs)):
            spans = [Span(items[0].start, items[-1].end, kind)]
        yield from spans


def _at_edge(text: str, run: Run, said: str, runs: list[Run]) -> str:
    """What a short run may be a part of, by where it stands; empty when it may stay."""
    items = run.items
    first = run is runs[0] and begins(text, run.start)
    last = run is runs[-1] and ends(text, items[-1].end)
    together = all(text[a.end : b.start] in _TIGHT for a, b in pairwise(items))
    singles = all(item.single for item in items)
    many = len(items) >= 3 or count(items) >= AT_EDGE  # "ten to four" is a time
    if first and last and many and (singles or together):
        return "number"
    if said == "order" or not (first or last) or count(items) < AT_EDGE:
        return ""
    if said in _LEAST:
        return said
    return "number" if singles else ""


def _judge(text: str, items: list[Item], lead: str, said: str) -> Iterator[Span]:
    """What a run is: a secret, or cards and what stands round them."""
    if said == "secret" and count(items) < LONG:
        yield Span(items[0].start, items[-1].end, "secret")
        return
    while items and (card := find_card(text, items)):
        first, last = card
        if first:
            yield from _judge(text, items[:first], lead, said)
        # Three to eight digits right behind a card are its expiry date and security code.
        if 3 <= count(items[last:]) < LONG:
            last = len(items)
        yield Span(items[first].start, items[last - 1].end, "card")
        items, lead, said = items[last:], "", ""
    if items:
        yield from _judge_rest(text, items, lead, said)


def _judge_rest(text: str, items: list[Item], lead: str, said: str) -> Iterator[Span]:
    """What a run without a card is, as a whole; if it is nothing as a whole, what its groups are."""
    start, end = items[0].start, items[-1].end
    digits = "".join(item.digits for item in items)
    if said in _LEAST and _LEAST[said] <= len(digits) <= 24:
        yield Span(start, end, said)
    elif _lengths(items) == (3, 2, 4) and not lead:
        yield Span(start, end, "id")
    elif _is_phone(text, items, digits, lead, said):
        yield Span(start - len(lead), end, "phone")
    elif _is_one_number(text, items, digits):
        yield Span(start, end, "number")
    elif len(parts := _split(text, items)) > 1:
        for part in parts:
            yield from _judge(text, part, lead, said)
            lead, said = "", ""


def _split(text: str, items: list[Item]) -> list[list[Item]]:
    """The items cut round every long one, and where more than a space, a hyphen or a dot stands."""
    parts = [items[:1]]
    for before, item in pairwise(items):
        long = len(item.digits) >= LONG or len(before.digits) >= LONG
        if long or text[before.end : item.start] not in _TIGHT:
            parts.append([item])
        else:
            parts[-1].append(item)
    return parts


def _is_phone(text: str, items: list[Item], digits: str, lead: str, said: str) -> bool:
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


def _is_one_number(text: str, items: list[Item], digits: str) -> bool:
    """Whether the groups are one long number: all spelt out, or grouped as people group numbers."""
    if len(digits) < LONG:
        return False
    singles = sum(item.single for item in items)
    if len(items) == 1 or singles == len(items):
        return True
    grouped_so = 2 * singles >= len(items) or max(_lengths(items)) <= 4
    return grouped_so and _is_grouped(text, items, " -")


def _is_grouped(text: str, items: list[Item], separators: str) -> bool:
    """Whether nothing but these separators stands between the items."""
    return all(not text[a.end : b.start].strip(separators) for a, b in pairwise(items))


def _lengths(items: list[Item]) -> tuple[int, ...]:
    return tuple(len(item.digits) for item in items)
