"""Conditions: CEL expressions over the facts, compiled once, judged cheaply, never blowing up.

Those of everyday shapes are judged in Python (see `quick`), and all others, and odd facts, by the CEL library.
Measured (common-expression-language 0.10, one core): evaluating a compiled condition takes 0.3 to 1 µs;
handing facts over from Python takes 1.5 µs a field when they come as dicts, and 0.1 to 1 µs when each is a
variable of its own. A context that was evaluated is copied as a whole when a variable is added after that
(5 µs at 37 variables). So `utterance.anger` is compiled as the variable `utterance__anger`; all rules of a
moment share one context, and everything is handed over (`View.ready`) before anything is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

import cel
from msgspec import Struct

from cxstream.decide import vocabulary
from cxstream.decide.comparing import Odd, Step, Values
from cxstream.decide.quick import quick_form
from cxstream.decide.reading import Path, Reading, Slot
from cxstream.decide.silence import certainly_false

Facts = Callable[[str], Mapping[str, object]] | Mapping[str, Mapping[str, object]]
"""The variables `event`, `utterance`, `conversation`, `customer` by name, and `given` (added by the stage:
seconds since each rule last gave something in this conversation); a callable is asked at most
once a moment for each, and only when a rule reads it."""

_FAILURES = (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError)


class NotEvaluated(Exception):
    """A condition that gives no answer for these facts; the message says why."""


class Condition(Struct, frozen=True):
    """One compiled expression, the facts that it needs as variables, and those it reads.

    `unsaid` is the same with none of its phrases said, which is how it nearly always is: handing over a
    hundred times "not said" would cost more than all the rest. `needs_words`: then it is false for sure.
    `quick` is the same in Python where it has an everyday shape (see `quick`).
    """

    source: str
    program: Any
    slots: tuple[Slot, ...] = ()
    phrases: tuple[Slot, ...] = ()
    unsaid: Condition | None = None
    needs_words: bool = False
    quick: Step | None = None

    def heard(self, said: Container[str]) -> Condition:
        """The form to judge when these groups of the rule's phrases were said."""
        return self if said or self.unsaid is None else self.unsaid

    @property
    def reads_phrases(self) -> bool:
        """Whether it judges by itself what was said (`phrases.<group>`)."""
        return bool(self.phrases)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The facts it reads, in order, each once; phrases are not facts."""
        return tuple(dict.fromkeys(slot.path for slot in self.slots))


def compile_condition(
    source: str, groups: Iterable[str] = (), scope: str = "rule"
) -> tuple[Condition, list[str]]:
    """A condition and all that is wrong with it; `groups` are the phrase groups of the rule `scope`.

    With problems the condition must not be used.
    """
    try:
        functions = cel.compile(source).functions()
    except ValueError as error:
        return Condition(source, None), [f"not a CEL expression: {_syntax(str(error))}"]
    reading = Reading(source, tuple(groups), scope)
    facts = tuple(s for s in reading.slots if s.path[0] != vocabulary.PHRASES)
    phrases = tuple(s for s in reading.slots if s.path[0] == vocabulary.PHRASES)
    problems = reading.problems(functions)
    if problems:
        return Condition(source, None, facts, phrases), problems
    unsaid, needs_words = None, False
    if phrases:
        names = "|".join(slot.name for slot in phrases)
        silent = re.sub(rf"\b(?:{names})\b", "false", reading.rewritten)
        quick = quick_form(silent, facts)
        unsaid = Condition(source, cel.compile(silent), facts, quick=quick)
        needs_words = certainly_false(silent)
    program = cel.compile(reading.rewritten)
    quick = quick_form(reading.rewritten, reading.slots)
    condition = Condition(source, program, facts, phrases, unsaid, needs_words, quick)
    return condition, _try(condition, tuple(groups))


class View:
    """The facts of one moment as its conditions and texts see them; asks for each variable once.

    `values` are the facts by path, None where one is missing.
    """

    __slots__ = ("_context", "_given", "values")

    def __init__(self, facts: Facts) -> None:
        self.values: Values = _Values(facts if callable(facts) else facts.get)
        self._context: Any = None
        self._given: set[str] = set()

    def ready(self, condition: Condition, said: Container[str] = ()) -> None:
        """Hand the library what a condition needs; `said` are the groups of its rule's phrases that were said.

        A quick condition needs nothing; one that nobody made ready only costs more.
        """
        if condition.quick is None:
            self._ready(condition, said)

    def ready_for(self, slots: Iterable[Slot]) -> None:
        """Hand the library facts that many conditions need, in one go."""
        for slot in slots:
            if slot.name not in self._given:
                self._given.add(slot.name)
                self._hand_over(slot)

    def holds(self, condition: Condition, said: Container[str] = ()) -> bool:
        """Whether a condition holds where these groups of its rule's phrases were said.

        Raises NotEvaluated when the facts lack something it needs, or fit no operation of it.
        """
        if condition.quick is not None:
            try:
                return condition.quick(self.values, said)
            except Odd:
                pass
        self._ready(condition, said)
        try:
            result = condition.program.execute(self._context)
        except KeyError as error:
            raise NotEvaluated(f"{error.args[0]!r} is not known here") from None
        except _FAILURES as error:
            raise NotEvaluated(_first_sentence(error)) from None
        if result is True or result is False:
            return bool(result)
        raise NotEvaluated(f"it gives {result!r}, not true or false")

    def value(self, path: Path) -> object:
        """The fact under a path as plain Python, None when it is missing."""
        return self.values[path]

    def _ready(self, condition: Condition, said: Container[str]) -> None:
        for slot in condition.phrases:
            if slot.name not in self._given:
                self._given.add(slot.name)
                self._add(slot.name, slot.path[1] in said)
        self.ready_for(condition.slots)

    def _hand_over(self, slot: Slot) -> None:
        """Give CEL a fact; one that is missing stays undefined, which conditions can ask with has()."""
        value = self.values[slot.path]
        if slot.asks:
            self._add(slot.name, value is not None)
        elif value is not None:
            try:
                self._add(slot.name, value)
            except _FAILURES:
                self._add(slot.name, _acceptable(value))

    def _add(self, name: str, value: object) -> None:
        if self._context is None:
            self._context = cel.Context()
        self._context.add_variable(name, value)


class _Values(dict[Path, object]):
    """The facts of a moment by path, each looked up when it is first read."""

    __slots__ = ("_facts", "_variables")

    def __init__(self, facts: Callable[[str], Mapping[str, object] | None]) -> None:
        self._facts = facts
        self._variables: dict[str, Mapping[str, object]] = {}

    def __missing__(self, path: Path) -> object:
        here: object = self._variables.get(path[0])
        if here is None:
            here = self._variable(path[0])
        for name in path[1:]:
            if type(here) is not dict and not isinstance(here, Mapping):
                here = None
                break
            here = here.get(name)
        self[path] = here
        return here

    def _variable(self, name: str) -> Mapping[str, object]:
        known = self._variables[name] = self._facts(name) or {}
        return known


def _acceptable(value: object) -> Any:
    """The value without what CEL cannot hold (lone surrogates, foreign types)."""
    if isinstance(value, Mapping):
        return {_acceptable(str(name)): _acceptable(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_acceptable(member) for member in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value if isinstance(value, bool | int | float) else None


def _try(condition: Condition, groups: tuple[str, ...]) -> list[str]:
    """Evaluate over invented facts of three kinds, to find operations that fit no facts at all."""
    problems: list[str] = []
    for like in (_as_it_is, _low, _high):
        facts = {name: _invented(name, like) for name in vocabulary.VARIABLES}
        facts[vocabulary.GIVEN] = {path[-1]: like(30) for path in condition.paths}
        said = groups if like(True) else ()
        try:
            view = View(facts)
            view.ready(condition, said)
            view.holds(condition)
        except NotEvaluated as error:
            if not str(error).endswith("is not known here"):
                problems.append(f"does not evaluate: {error}")
    return problems[:1]


def _invented(name: str, like: Callable[[object], object]) -> dict[str, object]:
    facts: dict[str, object] = {}
    for path, field in vocabulary.fields():
        root, *groups, leaf = path.split(".")
        if root == name:
            here = facts
            for group in groups:
                here = here.setdefault(group, {})  # type: ignore[assignment]
            here[leaf] = like(field.example)
    return facts


def _as_it_is(value: object) -> object:
    return value


def _low(value: object) -> object:
    return {} if isinstance(value, dict) else [] if isinstance(value, list) else type(value)()


def _high(value: object) -> object:
    highs: dict[type, object] = {bool: True, int: 10_000, float: 1.0}
    return highs.get(type(value), value)


def _first_sentence(error: BaseException) -> str:
    message = str(error).split(". Check ")[0].split("\n")[0]
    if message.startswith("Undefined variable"):
        return f"{message.split(chr(39))[1].replace('__', '.')} is not known here"
    if message.startswith("No such overload"):
        return (
            "an operation does not fit the types (CEL mixes no types in arithmetic: double(x) makes a"
            " whole number a decimal one; text compares with text only)"
        )
    return message.split(", so common causes")[0]


def _syntax(message: str) -> str:
    """The parser's own words and columns, without the copies of the expression."""
    found = [part.split("\n")[0] for part in message.split("ERROR: <input>:")[1:]]
    words = []
    for part in found[:2]:
        line, column, text = part.split(":", 2)
        where = f"column {column}" if line == "1" else f"line {line}, column {column}"
        words.append(f"{where}: {text.strip().split(' expecting {')[0]}")
    return "; ".join(words) + _HINT if words else message.split("\n")[0]


_HINT = " (write && for and, || for or, ! for not, == for equal)"
