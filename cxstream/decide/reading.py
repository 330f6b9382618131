"""What an expression reads: found in its tokens, because the CEL library shows no syntax tree.

A fact is read by a chain of names (`customer.last_24h.level`). Chains are checked against the vocabulary,
so that a misspelt field is an error with a suggestion, and rewritten as one variable each, which is the
cheapest way to hand facts over (see `conditions`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from cxstream.decide import vocabulary

Path = tuple[str, ...]

EXPRESSION_MAX = 2_000
_TOKENS = re.compile(
    r"""(?P<skip>\s+|//[^\n]*)"""
    r"""|(?P<text>[rRbB]{0,2}(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))"""
    r"""|(?P<number>\d[\w.]*)|(?P<name>[A-Za-z_]\w*)|(?P<mark>==|!=|<=|>=|&&|\|\||.)""",
    re.DOTALL,
)
_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_WORDS = frozenset({"true", "false", "null", "in"})
_FUNCTIONS = (
    *("size", "contains", "startsWith", "endsWith", "int", "double", "string"),
    *("has", "all", "exists", "exists_one", "map", "filter", "type", "duration", "timestamp"),
)

_NO_MATCHES = (
    "'matches' builds its pattern anew at every utterance (half a millisecond); use `phrases`"
)


Token = tuple[str, str]
"""What a piece of an expression is (`text`, `number`, `name`, `mark`), and the piece."""


def tokens_of(source: str) -> list[Token]:
    """An expression in pieces, without blanks and comments."""
    return [(str(m.lastgroup), m.group()) for m in _found(source)]


def _found(source: str) -> list[re.Match[str]]:
    return [m for m in _TOKENS.finditer(source) if m.lastgroup != "skip"]


class Slot(Struct, frozen=True):
    """A variable of the rewritten expression: a fact, or (`asks`) whether that fact is there."""

    name: str
    path: Path
    asks: bool = False


class Reading:
    """The facts that an expression reads, as `slots`, and the expression with those as variables."""

    def __init__(self, source: str, groups: tuple[str, ...] = (), scope: str = "rule") -> None:
        self._groups = groups
        self._scope = re.sub(r"\W", "_", scope)
        found = _found(source)
        self._tokens = [(str(m.lastgroup), m.group()) for m in found]
        bound = {self._text(i + 2) for i, (_, t) in enumerate(self._tokens) if self._is_macro(i, t)}
        self._problems: list[str] = []
        self._chains: dict[int, tuple[Path, int]] = {}
        slots: dict[str, Slot] = {}
        pieces: list[str] = []
        copied = 0
        for at in range(len(self._tokens)):
            if self._starts_chain(at) and self._text(at) not in bound:
                chain, end = self._chain(at)
                path = self._check(chain)
                self._chains[at] = (path, end)
                asks = len(path) == len(chain) and self._text(at - 2) == "has"
                slot = Slot(self._name(path, asks), path, asks)
                slots[slot.name] = slot
                first, last = (at - 2, end + 1) if asks else (at, at + 2 * len(path) - 2)
                pieces += [source[copied : found[first].start()], slot.name]
                copied = found[min(last, len(found) - 1)].end()
        self.slots = tuple(slots.values())
        self.rewritten = "".join((*pieces, source[copied:]))

    def problems(self, functions: Iterable[str]) -> list[str]:
        """Names that do not exist, and words that a fact can never be."""
        unknown = [f for f in functions if f.isidentifier() and f not in _FUNCTIONS]
        if "matches" in unknown:
            unknown.remove("matches")
            self._problems.append(_NO_MATCHES)
        return [
            *self._problems,
            *(f"{f!r} is not a function; {vocabulary.suggest(f, _FUNCTIONS)}" for f in unknown),
            *self._impossible_words(),
        ]

    def _name(self, path: Path, asks: bool) -> str:
        """A variable's name; what was said is a matter of one rule, so its name says which."""
        scope = f"{self._scope}__" if path[0] == vocabulary.PHRASES else ""
        return ("has__" if asks else "") + scope + "__".join(path)

    def _text(self, at: int) -> str:
        return self._tokens[at][1] if 0 <= at < len(self._tokens) else ""

    def _is_macro(self, at: int, text: str) -> bool:
        return text in _MACROS and self._text(at - 1) == "." and self._text(at + 3) == ","

    def _starts_chain(self, at: int) -> bool:
        kind, text = self._tokens[at]
        return (
            kind == "name"
            and text not in _WORDS
            and self._text(at - 1) != "."
            and self._text(at + 1) != "("
        )

    def _chain(self, at: int) -> tuple[Path, int]:
        names = [self._text(at)]
        while self._text(at + 1) == "." and self._text(at + 3) != "(":
            at += 2
            names.append(self._text(at))
        return tuple(names), at

    def _check(self, chain: Path) -> Path:
        if chain[0] == vocabulary.PHRASES:
            if len(chain) != 2 or chain[1] not in self._groups:
                named = ", ".join(f"phrases.{group}" for group in self._groups)
                self._problems.append(
                    f"{'.'.join(chain)!r}: this rule's phrases are {named or 'not given'}"
                )
            return chain
        path, problem = vocabulary.resolve(chain)
        if problem is None and vocabulary.find(path) is None:
            problem = f"{'.'.join(chain)!r} is a group of fields; name one of them"
        if problem is not None:
            self._problems.append(problem)
        return path

    def _impossible_words(self) -> list[str]:
        """`utterance.intent == "bilking"`: comparisons with a word outside a closed vocabulary."""
        problems: list[str] = []
        for at, (path, end) in self._chains.items():
            field = vocabulary.find(path)
            if field is None or not field.choices:
                continue
            problems += [
                f"{'.'.join(path)} is never {word!r}; {vocabulary.suggest(word, field.choices)}"
                for word in self._compared(at, end)
                if word not in field.choices
            ]
        return problems

    def _compared(self, start: int, end: int) -> list[str]:
        after, words = self._text(end + 1), []
        if after in ("==", "!="):
            words.append(end + 2)
        elif after == "in" and self._text(end + 2) == "[":
            at = end + 3
            while self._text(at) not in ("]", ""):
                words.append(at)
                at += 1
        if self._text(start - 1) in ("in", "==", "!="):
            words.append(start - 2)
        return [
            self._tokens[at][1][1:-1]
            for at in words
            if 0 <= at < len(self._tokens)
            and self._tokens[at][0] == "text"
            and self._tokens[at][1][0] in "'\""
        ]
