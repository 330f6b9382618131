"""How well redaction works, by kind, on over 500 written and spoken cases of our own.

Recall: nothing of the data is left in the text. Precision: of all masks, how many stand for data. The figures
are printed (`pytest -s`), and have floors.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from cxstream.listen.redact import PatternRedactor

SENTENCES: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parents[2] / "data" / "redaction.yaml").read_text("utf-8")
)
REDACTOR = PatternRedactor()
FORMS_EACH = 7
SEED = 20_261
_ONES = "zero one two three four five six seven eight nine".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
Dice = random.Random


class Case(NamedTuple):
    """A text with personal data of a kind in it."""

    kind: str
    text: str
    data: str


def _digits(dice: Dice, count: int, first: str = "123456789") -> str:
    return dice.choice(first) + "".join(dice.choice("0123456789") for _ in range(count - 1))


def _card(dice: Dice) -> str:
    body = _digits(dice, 15, "45")
    doubled = sum(2 * d - 9 if d > 4 else 2 * d for d in map(int, body[::-2]))
    return body + str(-(doubled + sum(map(int, body[-2::-2]))) % 10)


def _said(dice: Dice, digits: str) -> str:
    """Digits as people say them: one by one, doubled, `oh`, in tens, with fillers, or corrected half-way."""
    words, at = [], 0
    way = dice.choice(("plain", "oh", "double", "tens", "filler", "corrected"))
    while at < len(digits):
        here, pair = digits[at], digits[at : at + 2]
        if way == "double" and len(pair) == 2 and pair[0] == pair[1]:
            words.append(f"double {_ONES[int(here)]}")
            at += 2
        elif way == "tens" and len(pair) == 2 and pair[0] != "0":
            tens, ones = map(int, pair)
            ten = (
                _TEENS[ones] if tens == 1 else _TENS[tens - 2] + (f" {_ONES[ones]}" if ones else "")
            )
            words.append(ten)
            at += 2
        else:
            words.append("oh" if way == "oh" and here == "0" else _ONES[int(here)])
            at += 1
        if way == "filler" and dice.random() < 0.15:
            words.append(dice.choice(("um", "and then", "uh")))
        if way == "corrected" and at == len(digits) // 2:
            words += [
                _ONES[dice.randrange(10)],
                dice.choice(("no sorry", "wait no", "no")),
                words[-1],
            ]
    return " ".join(words)


def _grouped(digits: str, sizes: tuple[int, ...], gap: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(digits[at : at + size])
        at += size
    return gap.join(part for part in parts if part)


def _iban(dice: Dice) -> str:
    body = "NWBK" + _digits(dice, 14)
    number = int("".join(str(int(c, 36)) for c in body + "GB00"))
    iban = f"GB{98 - number % 97:02}{body}"
    return iban if dice.random() < 0.5 else _grouped(iban, (4, 4, 4, 4, 4, 2), " ")


def _phone(dice: Dice) -> str:
    us = f"{dice.randint(201, 989)}{dice.randint(201, 989)}{_digits(dice, 4)}"
    uk = "07" + _digits(dice, 9)
    return dice.choice(
        (
            _grouped(us, (3, 3, 4), "-"),
            f"({us[:3]}) {us[3:6]}-{us[6:]}",
            "+1 " + _grouped(us, (3, 3, 4), " "),
            _grouped(uk, (5, 6), " "),
            "+44 " + _grouped(uk[1:], (4, 6), " "),
            _said(dice, uk),
            _said(dice, us),
        )
    )


def _email(dice: Dice) -> str:
    name = dice.choice(("maria.lopez", "kev_1987", "t.okafor", "annika", "sam-green", "lee42"))
    place = dice.choice(("gmail.com", "hotmail.co.uk", "example.org", "mail.brightwave.io"))
    if dice.random() < 0.5:
        return f"{name}@{place}"
    spoken = name.replace(".", " dot ").replace("_", " underscore ").replace("-", " dash ")
    return f"{spoken} at {place.replace('.', ' dot ')}"


def _dob(dice: Dice) -> str:
    day, month, year = dice.randint(1, 28), dice.randint(0, 11), dice.randint(1940, 2005)
    name = (
        "january february march april may june july august september october november december"
    ).split()[month]
    ordinal = f"{day}{'st' if day in (1, 21) else 'nd' if day in (2, 22) else 'rd' if day in (3, 23) else 'th'}"
    spoken_year = f"nineteen {_said(Dice(0), str(year)[2:])}" if year < 2000 else str(year)
    return dice.choice(
        (
            f"{day}/{month + 1}/{year}", f"{day:02}.{month + 1:02}.{year}", f"{year}-{month + 1:02}-{day:02}",
            f"{name} {day} {year}", f"the {ordinal} of {name} {year}", f"{name} {ordinal} {year}",
            f"{ordinal} {name} {spoken_year}",
        )
    )  # fmt: skip


def _address(dice: Dice) -> str:
    number = dice.choice(
        (str(dice.randint(1, 2900)), f"{dice.randint(1, 90)}b", "forty two", "one hundred and six")
    )
    street = dice.choice(
        (
            "Maple Street",
            "kings road",
            "Harbour View Terrace",
            "sycamore avenue",
            "St Johns Lane",
            "old mill crescent",
        )
    )
    town = dice.choice(("", "", ", Bristol", ", Springfield, IL 62704"))
    return f"{number} {street}{town}"


def _postcode(dice: Dice) -> str:
    return dice.choice(("SW1A 1AA", "m1 4bt", "LS6 2QX", "EC2V 7HN", "bs8 1th"))


FORMS: dict[str, Callable[[Dice], str]] = {
    "card": lambda dice: dice.choice(
        (str, lambda d: _grouped(d, (4, 4, 4, 4), " "), lambda d: _grouped(d, (4, 4, 4, 4), "-"))
        + (lambda d: _said(dice, d),) * 3
    )(_card(dice)),
    "account": lambda dice: dice.choice((str, lambda d: _said(dice, d)))(_digits(dice, 8)),
    "iban": _iban,
    "phone": _phone,
    "email": _email,
    "id": lambda dice: dice.choice(
        (str, lambda d: _grouped(d, (3, 2, 4), "-"), lambda d: _said(dice, d))
    )(_digits(dice, 9)),
    "nino": lambda dice: dice.choice(
        ("AB 12 34 56 C", "JG103759A", "sr 44 02 18 d", "CE 90 11 27 B")
    ),
    "secret": lambda dice: dice.choice((str, lambda d: _said(dice, d)))(_digits(dice, 4)),
    "dob": _dob,
    "address": _address,
    "postcode": _postcode,
}


def cases() -> Iterator[Case]:
    """Every sentence with several forms of what its kind calls for; the same every time."""
    dice = Dice(SEED)
    for kind, form in FORMS.items():
        for sentence in SENTENCES[kind]:
            for data in dict.fromkeys(form(dice) for _ in range(FORMS_EACH)):
                yield Case(kind, sentence.replace("{}", data), data)


_MASK = re.compile(r"\[[A-Z]+\]")
_TELLING = re.compile(
    r"\d{2,}|(?:\b(?:oh|zero|one|two|three|four|five|six|seven|eight|nine)\b\W*){3,}|@"
)


def _is_left(case: Case, text: str) -> bool:
    """Whether anything that identifies is still there."""
    around = case.text.replace(case.data, " ")
    rest = _MASK.sub(" ", text)
    if case.kind in ("address", "postcode", "dob", "nino", "iban", "email"):
        words = [word for word in re.findall(r"\w+", case.data) if len(word) > 1 or word.isdigit()]
        telling = [w for w in words if w not in re.findall(r"\w+", around)]
        return sum(w in re.findall(r"\w+", rest) for w in telling) * 2 > len(telling)
    return bool(_TELLING.search(rest)) and not _TELLING.search(around)


RECALL = 0.97
PRECISION = 0.97


def test_recall_by_kind() -> None:
    total, kept, missed = Counter[str](), Counter[str](), []
    for case in cases():
        total[case.kind] += 1
        text = REDACTOR.redact(case.text).text
        if _is_left(case, text):
            missed.append(f"{case.kind}: {case.text!r} -> {text!r}")
        else:
            kept[case.kind] += 1
    assert sum(total.values()) >= 500
    figures = {kind: kept[kind] / total[kind] for kind in total}
    print(f"\n{sum(total.values())} cases, recall {sum(kept.values()) / sum(total.values()):.3f}")
    print({kind: f"{figures[kind]:.2f} of {total[kind]}" for kind in total})
    assert sum(kept.values()) / sum(total.values()) >= RECALL, "\n".join(missed)
    assert min(figures.values()) >= 0.9, "\n".join(missed)


def test_precision() -> None:
    right = sum(len(_MASK.findall(REDACTOR.redact(case.text).text)) for case in cases())
    wrong = [
        f"{sentence!r} -> {masked}"
        for sentence in SENTENCES["traps"]
        if (masked := REDACTOR.redact(sentence).text) != sentence
    ]
    figure = right / (right + len(wrong))
    share = 1 - len(wrong) / len(SENTENCES["traps"])
    print(f"\nprecision {figure:.3f}; {share:.3f} of {len(SENTENCES['traps'])} traps left alone")
    assert figure >= PRECISION and share >= 0.95, "\n".join(wrong)
