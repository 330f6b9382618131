"""What an expression reads: found in its tokens, because the CEL library shows no syntax tree.

A fact is read by a chain of names (`customer.last_24h.level`). Chains are checked against the vocabulary,
so that a misspelt field is an error with a suggestion, and they tell which facts must be handed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

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
    *("size", "contains", "startsWith", "endsWith", "matches", "int", "double", "string"),
    *("has", "all", "exists", "exists_one", "map", "filter", "type", "duration", "timestamp"),
)


class Reading:
    """The chains of names in an expression: `paths` for whole facts, `variables` for their roots."""

    def __init__(self, source: str, groups: tuple[str, ...] = ()) -> None:
        self._groups = groups
        self._tokens = [
            (str(m.lastgroup), m.group()) for m in _TOKENS.finditer(source) if m.lastgroup != "skip"
        ]
        bound = {self._text(i + 2) for i, (_, t) in enumerate(self._tokens) if self._is_macro(i, t)}
        self._problems: list[str] = []
        self._chains: dict[int, tuple[Path, int]] = {}
        paths: dict[Path, None] = {}
        for at in range(len(self._tokens)):
            if self._starts_chain(at) and self._text(at) not in bound:
                chain, end = self._chain(at)
                path = self._check(chain)
                self._chains[at] = (path, end)
                paths[path] = None
        self.paths = tuple(path for path in paths if path[0] != vocabulary.PHRASES)
        self.variables = tuple(dict.fromkeys(path[0] for path in paths))

    def problems(self, functions: Iterable[str]) -> list[str]:
        """Names that do not exist, and words that a fact can never be."""
        unknown = [f for f in functions if f.isidentifier() and f not in _FUNCTIONS]
        return [
            *self._problems,
            *(f"{f!r} is not a function; {vocabulary.suggest(f, _FUNCTIONS)}" for f in unknown),
            *self._impossible_words(),
        ]

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
