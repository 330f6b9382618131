"""Personal data with letters in it: e-mail addresses, IBANs, national ids, passwords.

Every pattern is anchored on something rare (an @, two letters and two digits, the word password) and
uses possessive or bounded repetition, so that no text makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum.es import dni, nie
from stdnum.in_ import pan
from stdnum.it import codicefiscale

from cxstream.listen.spans import Span

_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_]{2,24}")
_LOCAL = frozenset(".+-_%'&")
_SPELT = (
    r"(?:[^\W_]|oh|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:twenty|thirty|forty|"
    r"fifty|sixty|seventy|eighty|ninety)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?)"
)
# What recognisers, and people, write in two words.
_SPLIT = (
    r"(?:(?:g|google|hot|proton|fast|web)\s(?=mail)|i\s(?=cloud)|out\s(?=look)|bt\s(?=internet))"
)
_SPOKEN_EMAIL = re.compile(
    rf"(?<![^\W_])(?<!')(?:{_SPELT}\s){{0,24}}(?:[\w.+-]{{1,64}}+\s(?:dot|underscore|dash|hyphen|plus)\s){{0,4}}[\w.+-]{{1,64}}+"
    rf"(?:\s{_SPELT}){{0,6}}?\sat\s{_SPLIT}?(?:[\w-]{{1,63}}+\s(?:dot|dash|hyphen)\s){{1,3}}?"
    r"(?:com|net|org|edu|gov|info|io|co\sdot\suk|co|uk|de|fr|es|it|nl|ch|at|eu|ie|ca|us|au)(?![^\W_])",
    re.IGNORECASE,
)
_JOIN = re.compile(rf"^{_SPLIT}")

_VERBS = frozenset(
    "is was were am are be been look looking shop work book buy order see go went got".split()
)
_PROVIDERS = frozenset(
    "gmail googlemail hotmail yahoo outlook icloud aol proton protonmail live msn me mac gmx web btinternet "
    "sky comcast verizon att example".split()
)

_DIGITS = re.compile("[0-9]{2}")
_IBAN_START = re.compile(r"(?<![^\W\d_])[A-Za-z]{2}[0-9]{2}(?=[ -]?[A-Za-z0-9])")
_IBAN_REST = re.compile(r"(?:[ -]?[A-Za-z0-9]){11,30}+")
_IBAN_LENGTHS = {
    code: int(length)
    for length, codes in (
        (15, "NO"),
        (16, "BE"),
        (18, "DK FI FO GL NL SD"),
        (19, "MK SI"),
        (20, "AT BA EE KZ LT LU MN XK"),
        (21, "CH HR LI LV"),
        (22, "BG BH CR DE GB GE IE ME RS VA"),
        (23, "AE GI IL IQ OM SO TL"),
        (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
        (25, "LY PT ST"),
        (26, "IS TR"),
        (27, "BI DJ FR GR IT MC MR SM"),
        (28, "AL AZ BY CY DO GT HU LB NI PL SV"),
        (29, "BR EG PS QA UA"),
        (30, "JO KW MU"),
        (31, "MT SC"),
        (32, "LC"),
        (33, "RU"),
    )
    for code in codes.split()
}

_ID = re.compile(
    r"(?<![^\W\d_])(?:[A-CEGHJ-PR-TW-Z][ -]?[A-CEGHJ-PR-TW-Z][ -]?\d\d[ -]?\d\d[ -]?\d\d[ -]?[A-D]"
    r"|(?<!\d)(?P<checked>[XYZ]?\d{7,8}[ -]?[A-Z]|[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]|[A-Z]{5}\d{4}[A-Z]))"
    r"(?![^\W_])",
    re.IGNORECASE,
)
_CHECKS = (dni.is_valid, nie.is_valid, codicefiscale.is_valid, pan.is_valid)

_SORT_CODE = re.compile(
    r"(?<![^\W_])sort\s?code(?:\s(?:is|was|of|it's|number)|\s?[:=,])*\s?(?P<code>\d\d(?P<sep>[-/.\s])\d\d(?P=sep)\d\d)(?!\d)",
    re.IGNORECASE,
)

_PASSWORD = re.compile(
    r"(?<![^\W\d])(?:password|passphrase|pass phrase|passwd|pwd)"
    r"(?:(?P<sure>\s?[:=]\s?)|\s(?:is|was)\s?(?P<told>[:=]\s?)?)"
    r"(?P<secret>[^\s\x00]{3,}+)",
    re.IGNORECASE,
)
_AFTER_IS = frozenset(
    "not now no never still being been too very so just also already always really currently simply what "
    "wrong incorrect invalid right correct okay fine good bad old new long short weak strong safe secure "
    "the this that same different mine your yours his her their our one all only for from with about "
    "stuck missing unknown required needed necessary protected case sensitive broken gone lost".split()
)


def find_emails(text: str) -> Iterator[Span]:
    """Addresses, written (jo@example.org) or spoken (jo dot smith at example dot org)."""
    end = 0
    at = text.find("@")
    while at != -1:
        domain = _DOMAIN.match(text, at + 1)
        if domain is not None:
            start = at
            while start > max(end, at - 64) and (
                text[start - 1].isalnum() or text[start - 1] in _LOCAL
            ):
                start -= 1
            if start < at:
                end = domain.end()
                yield Span(start, end, "email")
        at = text.find("@", max(at + 1, end))
    if " dot " in text.lower():
        for spoken in _SPOKEN_EMAIL.finditer(text):
            if "@" not in spoken[0] and _is_address(text, spoken):
                yield Span(spoken.start(), spoken.end(), "email")


def find_ibans(text: str) -> Iterator[Span]:
    """International bank account numbers, with or without spaces, whose check digits hold."""
    at = 0 if _DIGITS.search(text) else len(text)
    while start := _IBAN_START.search(text, at):
        at = start.end()
        length = _IBAN_LENGTHS.get(start[0][:2].upper())
        rest = _IBAN_REST.match(text, at) if length else None
        if length and rest:
            end = _end_of_characters(text, start.start(), length)
            if end <= rest.end() and _mod_97(text[start.start() : end]) == 1:
                yield Span(start.start(), end, "iban")
                at = end


def find_passwords(text: str) -> Iterator[Span]:
    """The word after `password is` or `password:`, unless it is plainly part of the sentence."""
    lower = text.lower()
    if "pass" not in lower and "pwd" not in lower:
        return
    for hit in _PASSWORD.finditer(text):
        secret = hit["secret"].rstrip(".,;!?")
        sure = hit["sure"] or hit["told"]
        if len(secret) >= 3 and (sure or not _is_speech(secret)):
            yield Span(hit.start("secret"), hit.start("secret") + len(secret), "secret")


def find_ids(text: str) -> Iterator[Span]:
    """National ids with letters in them: British ones by form, Spain's, Italy's and India's by check digit.

    Those of digits alone are `digits`' to find.
    """
    if _DIGITS.search(text) is None:
        return
    for hit in _ID.finditer(text):
        if hit.lastgroup != "checked" or any(is_valid(hit[0]) for is_valid in _CHECKS):
            yield Span(hit.start(), hit.end(), "id")


def find_sort_codes(text: str) -> Iterator[Span]:
    """What is announced as a sort code and looks like a date: 20-45-15. Other forms are `digits`' to find."""
    if "sort" in text.lower():
        for hit in _SORT_CODE.finditer(text):
            yield Span(*hit.span("code"), "account")


def _is_address(text: str, spoken: re.Match[str]) -> bool:
    """Whether `X at Y dot com` is somebody's address, not a place on the web ("I was at Y dot com")."""
    local, _, domain = spoken[0].lower().rpartition(" at ")
    last = local.rpartition(" ")[2]
    if last in _AFTER_IS or last in _VERBS or last.endswith("ed"):
        return False
    domain = _JOIN.sub(lambda split: split[0][:-1], domain)
    spelt = " " in local or domain.count(" dot ") > 1 or any(char.isdigit() for char in local)
    before = text[max(0, spoken.start() - 40) : spoken.start()].lower()
    return spelt or domain.split(" ")[0] in _PROVIDERS or "mail" in before or "write to" in before


def _is_speech(word: str) -> bool:
    plain = word.lower()
    return plain.isalpha() and (plain in _AFTER_IS or plain.endswith(("ed", "ing", "ly", "ten")))


def _end_of_characters(text: str, start: int, count: int) -> int:
    """Where the `count`-th letter or digit from `start` ends; past the text where there are fewer."""
    for at in range(start, min(len(text), start + 2 * count)):
        count -= text[at].isalnum()
        if not count:
            return at + 1
    return len(text) + 1


def _mod_97(iban: str) -> int:
    plain = iban.replace(" ", "").replace("-", "")
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97
