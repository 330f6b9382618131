"""The steps of a quick condition: each reads facts of one moment and says true, false, or that it cannot tell.

A step never guesses. A fact that is missing, of another type than its comparison is for, or of a kind that
Python and CEL may take differently is `Odd`, and the CEL library is asked about the whole condition; so a
step must be right only where it answers. It relies on this of what conditions say: numbers are below `EXACT`,
texts are plain ASCII without "?" (the library is given a "?" in place of a lone surrogate).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Container, Iterable, Mapping

from cxstream.decide.reading import Path

Values = Mapping[Path, object]
"""The facts of a moment by their path; None is a fact that is missing."""

Step = Callable[[Values, Container[str]], bool]
"""Judges by facts, and by the groups of the rule's phrases that were said. Raises Odd."""

Read = Callable[[Values], object]
"""Gives one operand. Raises Odd."""

EXACT = 2**53
"""Whole numbers below it, and below its opposite, are decimal numbers too."""

_ORDERS: dict[str, tuple[Callable[..., bool], Callable[..., bool]]] = {
    ">=": (operator.ge, operator.lt),
    "<=": (operator.le, operator.gt),
    ">": (operator.gt, operator.le),
    "<": (operator.lt, operator.ge),
}


class Odd(Exception):
    """This is one for the CEL library. Raised anew each time: one kept would keep all that it went through."""


def fact(path: Path) -> Read:
    """Reads a fact."""
    return operator.itemgetter(path)


def member(path: Path, name: str) -> Read:
    """Reads a member of a fact that is a map."""

    def read(values: Values) -> object:
        here = values[path]
        if type(here) is not dict:
            raise Odd
        return here.get(name)

    return read


def size(read: Read) -> Read:
    """Counts the members of a list."""

    def count(values: Values) -> object:
        here = read(values)
        if type(here) is not list:
            raise Odd
        return len(here)

    return count


def total(one: Read, other: Read, sign: int) -> Read:
    """The sum of two whole or two decimal numbers; with sign -1 what the first has more."""

    def add(values: Values) -> object:
        left, right = one(values), other(values)
        if type(left) is float and type(right) is float:
            return left + sign * right
        if type(left) is int and type(right) is int and abs(left) < EXACT and abs(right) < EXACT:
            return left + sign * right
        raise Odd

    return add


def ordered(read: Read, mark: str, bound: float) -> Step:
    """Whether a number is more, or less, than another; what is neither is no number."""
    holds, fails = _ORDERS[mark]

    def judge(values: Values, said: Container[str]) -> bool:
        value = read(values)
        kind = type(value)
        if kind is float or kind is int:
            if holds(value, bound):
                return True
            if fails(value, bound):
                return False
        raise Odd

    return judge


def equals(read: Read, wanted: float | str, *, same: bool) -> Step:
    """Whether an operand is (`same`) or is not some number or text."""
    kinds = (str,) if isinstance(wanted, str) else (int, float)

    def judge(values: Values, said: Container[str]) -> bool:
        value = read(values)
        if type(value) not in kinds:
            raise Odd
        return (value == wanted) is same

    return judge


def truth(read: Read, *, wanted: bool) -> Step:
    """Whether an operand that is true or false is what is wanted."""

    def judge(values: Values, said: Container[str]) -> bool:
        value = read(values)
        if value is True or value is False:
            return value is wanted
        raise Odd

    return judge


def one_of(read: Read, words: Iterable[str]) -> Step:
    """Whether a text is one of some words."""
    known = frozenset(words)

    def judge(values: Values, said: Container[str]) -> bool:
        value = read(values)
        if type(value) is not str:
            raise Odd
        return value in known

    return judge


def any_of(read: Read, words: Iterable[str]) -> Step:
    """Whether a list of texts has one of some words."""
    known = frozenset(words)

    def judge(values: Values, said: Container[str]) -> bool:
        return not known.isdisjoint(_texts(read(values)))

    return judge


def among(read: Read, those: Read) -> Step:
    """Whether a text is in a list of texts."""

    def judge(values: Values, said: Container[str]) -> bool:
        value = read(values)
        if type(value) is not str or not value.isascii() or "?" in value:
            raise Odd
        return value in _texts(those(values))

    return judge


def there(path: Path, name: str = "") -> Step:
    """Whether a fact is known; with a name, whether a fact that is a map has that member."""
    if not name:
        return lambda values, said: values[path] is not None

    def judge(values: Values, said: Container[str]) -> bool:
        here = values[path]
        if type(here) is not dict:
            raise Odd
        return name in here

    return judge


def heard(group: str) -> Step:
    """Whether a group of phrases was said."""
    return lambda values, said: group in said


def always(answer: bool) -> Step:
    """The same answer whatever the facts are."""
    return _TRUE if answer else _FALSE


def opposite(step: Step) -> Step:
    """Not."""
    if step in (_TRUE, _FALSE):
        return always(step is _FALSE)
    return lambda values, said: not step(values, said)


def every(steps: Iterable[Step]) -> Step:
    """And: the first that is false decides, whatever the others would be (so says CEL)."""
    return _joined([*steps], _FALSE, _TRUE)


def either(steps: Iterable[Step]) -> Step:
    """Or: the first that is true decides."""
    return _joined([*steps], _TRUE, _FALSE)


def _joined(steps: list[Step], deciding: Step, neutral: Step) -> Step:
    if deciding in steps:
        return deciding
    steps = [step for step in steps if step is not neutral]
    if len(steps) < 2:
        return steps[0] if steps else neutral
    answer = deciding is _TRUE
    if len(steps) == 2:
        one, other = steps
        if answer:
            return lambda values, said: one(values, said) or other(values, said)
        return lambda values, said: one(values, said) and other(values, said)
    ordered_steps = tuple(steps)

    def judge(values: Values, said: Container[str]) -> bool:
        for step in ordered_steps:
            if step(values, said) is answer:
                return answer
        return not answer

    return judge


def _true(values: Values, said: Container[str]) -> bool:
    return True


def _false(values: Values, said: Container[str]) -> bool:
    return False


_TRUE: Step = _true
_FALSE: Step = _false


def _texts(value: object) -> list[str]:
    if type(value) is not list:
        raise Odd
    for one in value:
        if type(one) is not str:
            raise Odd
    return value
