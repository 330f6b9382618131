"""Is a condition certainly false while none of its phrases is said? Then its rule costs nothing in silence.

What is not a phrase is unknown here: `false && unknown` is false, `false || unknown` is unknown (Kleene, 1938;
CEL itself reckons so). Whatever is more than `&&`, `||`, `!` and parentheses is unknown, too: a rule that is
judged in vain costs a microsecond, one that is not judged costs a decision.
"""

from __future__ import annotations

import re

_TOKENS = re.compile(
    r"""\s+|//[^\n]*|(?P<kept>[rRbB]{0,2}(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\w+|&&|\|\||.)""",
    re.DOTALL,
)
_ENDS = frozenset(("&&", "||", ")", ""))
_OPENS, _CLOSES = frozenset("([{"), frozenset(")]}")


def certainly_false(expression: str) -> bool:
    """Whether an expression is false whatever its variables are."""
    words = [str(m["kept"]) for m in _TOKENS.finditer(expression) if m["kept"]]
    return "?" not in words and _Reader(words).either() is False


class _Reader:
    """Reads from left to right; None is unknown."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._at = 0

    def either(self) -> bool | None:
        parts = [self._both()]
        while self._next() == "||":
            self._at += 1
            parts.append(self._both())
        if True in parts:
            return True
        return None if None in parts else False

    def _both(self) -> bool | None:
        parts = [self._one()]
        while self._next() == "&&":
            self._at += 1
            parts.append(self._one())
        if False in parts:
            return False
        return None if None in parts else True

    def _one(self) -> bool | None:
        word, begin = self._next(), self._at
        found: bool | None = None
        if word == "!":
            self._at += 1
            inner = self._one()
            found = None if inner is None else not inner
        elif word == "(":
            self._at += 1
            found = self.either()
            self._at += 1
        elif word in ("true", "false"):
            self._at += 1
            found = word == "true"
        if self._next() in _ENDS and self._at > begin:
            return found
        self._skip()  # a comparison, a call, a sum: whatever it is
        return None

    def _skip(self) -> None:
        depth = 0
        while (word := self._next()) and (depth or word not in _ENDS):
            depth += (word in _OPENS) - (word in _CLOSES)
            self._at += 1

    def _next(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""
