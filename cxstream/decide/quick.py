"""Conditions of the everyday shapes, judged in Python: a tenth of what the CEL library takes.

Handing a fact over to the library costs more than comparing it, and a playbook is a hundred rules that wait
for the same few facts. Everyday are `&&`, `||`, `!`, parentheses, phrases, `has`, a fact compared with a
number, text, or truth, a word in a list, `size` of a list, the sum or difference of two facts. Whatever is
more (`null`, `? :`, `contains`, two facts compared, a number with an exponent) has no quick form, and what
is odd in the facts (see `comparing`) it does not answer: then the library is asked, as if none of this existed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cxstream.decide import comparing
from cxstream.decide.comparing import Read, Step
from cxstream.decide.reading import Slot, Token, tokens_of
from cxstream.decide.vocabulary import PHRASES

_RELATIONS = frozenset(("==", "!=", "<", "<=", ">", ">=", "in"))
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_END: Token = ("end", "")
_LATE = {"(": 1, "has": 2, "!": 2}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class _More(Exception):
    """The expression is more than everyday."""


def quick_form(expression: str, slots: Iterable[Slot]) -> Step | None:
    """An expression over slots (see `Reading.rewritten`) as one step; None when it has no quick form."""
    reader = _Reader(tokens_of(expression), {slot.name: slot for slot in slots})
    try:
        return reader.whole()
    except (_More, RecursionError):
        return None


class _Reader:
    """Reads from left to right, as CEL binds: `||`, `&&`, comparisons, `+` and `-`, `!`."""

    def __init__(self, tokens: list[Token], slots: dict[str, Slot]) -> None:
        self._tokens = tokens
        self._slots = slots
        self._at = 0

    def whole(self) -> Step:
        step = self._either()
        if self._token() != _END:
            raise _More
        return step

    def _either(self) -> Step:
        steps = [self._every()]
        while self._took("||"):
            steps.append(self._every())
        return comparing.either(steps)

    def _every(self) -> Step:
        """What is denied, or has only to be there, mostly holds: it is asked last, in brackets before that.

        The answer is the same in any order (see `comparing.every`), most often after the first.
        """
        steps = [(_LATE.get(self._text(), 0), self._one())]
        while self._took("&&"):
            steps.append((_LATE.get(self._text(), 0), self._one()))
        steps.sort(key=lambda step: step[0])
        return comparing.every(step for _, step in steps)

    def _one(self) -> Step:
        """What stands between `&&` and `||`: a comparison, or something that is true or false by itself."""
        step = self._truth()
        if step is None:
            return self._comparison()
        if self._text() in _RELATIONS:
            raise _More
        return step

    def _truth(self) -> Step | None:
        """Something that is true or false by itself; None, with nothing read, for what may be compared."""
        kind, text = self._token()
        if self._took("!"):
            step = self._truth()
            if step is None:
                return comparing.truth(self._fact(), wanted=False)
            return comparing.opposite(step)
        if self._took("("):
            step = self._either()
            self._must(")")
            return step
        if text in ("true", "false") and self._text(1) not in _RELATIONS:
            self._at += 1
            return comparing.always(text == "true")
        if text == "has":
            return self._has()
        slot = self._slots.get(text) if kind == "name" else None
        if slot is not None and (slot.asks or slot.path[0] == PHRASES):
            self._at += 1
            return comparing.there(slot.path) if slot.asks else comparing.heard(slot.path[1])
        return self._exists() if slot is not None and self._text(2) == "exists" else None

    def _has(self) -> Step:
        self._at += 1
        self._must("(")
        slot, name = self._slot(), ""
        if self._took("."):
            name = self._name()
        self._must(")")
        return comparing.there(slot.path, name)

    def _exists(self) -> Step:
        """`list.exists(x, x in ["a", "b"])`."""
        read = comparing.fact(self._slot().path)
        self._at += 2
        self._must("(")
        bound = self._name()
        for word in (",", bound):
            self._must(word)
        if self._took("=="):
            words = [self._word()]
        else:
            self._must("in")
            words = self._words()
        self._must(")")
        return comparing.any_of(read, words)

    def _comparison(self) -> Step:
        kind, _ = self._token()
        if kind == "text":
            word = self._word()
            if self._took("in"):
                return comparing.any_of(self._operand(), [word])
            mark = self._mark()
            return self._equality(self._operand(), mark, word)
        if kind == "number" or self._text() == "-":
            bound, mark = self._number(), self._mark()
            return self._ordering(self._operand(), _FLIPPED[mark], bound)
        if self._text() in ("true", "false"):
            wanted, mark = self._truth_word(), self._mark()
            return self._equality(self._operand(), mark, wanted)
        return self._compared(self._operand())

    def _compared(self, read: Read) -> Step:
        """The rest of a comparison whose first operand is a fact."""
        if self._text() not in _RELATIONS:
            return comparing.truth(read, wanted=True)
        if self._took("in"):
            if self._text() == "[":
                return comparing.one_of(read, self._words())
            return comparing.among(read, self._operand())
        mark = self._mark()
        kind, text = self._token()
        if kind == "text":
            return self._equality(read, mark, self._word())
        if text in ("true", "false"):
            return self._equality(read, mark, self._truth_word())
        return self._ordering(read, mark, self._number())

    def _ordering(self, read: Read, mark: str, bound: float) -> Step:
        if mark in ("==", "!="):
            return self._equality(read, mark, bound)
        return comparing.ordered(read, mark, bound)

    def _equality(self, read: Read, mark: str, wanted: float | str | bool) -> Step:
        if mark not in ("==", "!="):
            raise _More
        if isinstance(wanted, bool):
            return comparing.truth(read, wanted=wanted is (mark == "=="))
        return comparing.equals(read, wanted, same=mark == "==")

    def _operand(self) -> Read:
        """A fact, the size of one, or the sum or difference of two."""
        if self._took("size"):
            self._must("(")
            read = comparing.size(self._fact())
            self._must(")")
            return read
        read = self._fact()
        if self._text() in ("+", "-"):
            sign = 1 if self._token()[1] == "+" else -1
            self._at += 1
            read = comparing.total(read, self._fact(), sign)
        return read

    def _fact(self) -> Read:
        slot = self._slot()
        if not self._took("."):
            return comparing.fact(slot.path)
        return comparing.member(slot.path, self._name())

    def _slot(self) -> Slot:
        slot = self._slots.get(self._name())
        if slot is None or slot.asks or slot.path[0] == PHRASES:
            raise _More
        return slot

    def _name(self) -> str:
        kind, text = self._token()
        if kind != "name":
            raise _More
        self._at += 1
        return text

    def _mark(self) -> str:
        mark = self._text()
        if mark not in _FLIPPED:
            raise _More
        self._at += 1
        return mark

    def _words(self) -> list[str]:
        self._must("[")
        words = [self._word()]
        while self._took(","):
            words.append(self._word())
        self._must("]")
        return words

    def _word(self) -> str:
        kind, text = self._token()
        plain = text.isascii() and not set(text) & {"\\", "?"}
        if kind != "text" or text[0] not in "'\"" or not plain:
            raise _More
        self._at += 1
        return text[1:-1]

    def _truth_word(self) -> bool:
        return self._name() == "true"

    def _number(self) -> float:
        sign = -1 if self._took("-") else 1
        kind, text = self._token()
        if kind != "number" or not _NUMBER.fullmatch(text):
            raise _More
        value = float(text) if "." in text else int(text)
        if value >= comparing.EXACT:
            raise _More
        self._at += 1
        return sign * value

    def _must(self, text: str) -> None:
        if not self._took(text):
            raise _More

    def _took(self, text: str) -> bool:
        kind, found = self._token()
        if kind == "text" or found != text:
            return False
        self._at += 1
        return True

    def _text(self, ahead: int = 0) -> str:
        kind, text = self._token(ahead)
        return "" if kind == "text" else text

    def _token(self, ahead: int = 0) -> Token:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else _END
