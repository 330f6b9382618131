"""Regular expressions that a policy owner may write: a safe part of Python's, read once when loaded.

Reading a pattern gives three things: what is wrong with it, a bound on the work that a search can be made
to do at one place of a text (so that no playbook can stop the stream), and its anchors: words of which at
least one must be in the text. Looking for an anchor is a hundred times cheaper than trying the pattern.
"""

from __future__ import annotations

import re

from msgspec import Struct

LENGTH_MAX = 400
WORK_MAX = 2_000
REPEAT_MAX = 60
_ESCAPES = frozenset("bBwWdDsS")
_ZERO_WIDTH = frozenset("bB")
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")


class PatternError(Exception):
    """A pattern outside the safe part; the message says what and where."""


class Pattern(Struct, frozen=True):
    """A compiled pattern and its anchors; without anchors it must be tried on every text."""

    source: str
    compiled: re.Pattern[str]
    anchors: tuple[str, ...]

    def may_match(self, text: str) -> bool:
        """Whether a lower-case text holds one of the anchors; False means that no match is possible."""
        for anchor in self.anchors:
            if anchor in text:
                return True
        return not self.anchors


class _Part(Struct):
    """What one piece of a pattern is: its anchors, the work it can cause, and its text when literal."""

    anchors: tuple[str, ...] = ()
    work: int = 1
    literal: str = ""
    width: int = 1
    varies: bool = False


def compile_pattern(source: str) -> Pattern:
    """A pattern ready to search; raises PatternError."""
    if len(source) > LENGTH_MAX:
        raise PatternError(f"is {len(source)} characters long; at most {LENGTH_MAX}, split it")
    letters = re.sub(r"\\.", "", source)
    if letters != letters.lower():
        raise PatternError(
            "has capital letters; write it in lower case, capitals in speech match too"
        )
    try:
        compiled = re.compile(source)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"is not a regular expression: {error}") from None
    whole = _Reader(source).whole()
    if compiled.match(""):
        raise PatternError("matches the empty text, so it would match everything")
    return Pattern(source, compiled, whole.anchors)


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0

    def whole(self) -> _Part:
        part = self._choice()
        if part.work > WORK_MAX:
            raise PatternError(
                f"may need {part.work} tries at one place of a text (at most {WORK_MAX});"
                " use fewer or shorter repeats"
            )
        return part

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _choice(self) -> _Part:
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        if len(branches) == 1:
            return branches[0]
        sure = all(branch.anchors for branch in branches)
        anchors = tuple(dict.fromkeys(a for branch in branches for a in branch.anchors))
        words = [branch.literal for branch in branches if branch.literal]
        others = [branch.work for branch in branches if not branch.literal]
        return _Part(
            anchors=anchors if sure else (),
            work=sum(others) + _alike(words),
            varies=any(branch.varies for branch in branches),
        )

    def _sequence(self) -> _Part:
        best: tuple[str, ...] = ()
        run, work, varies, wordy = "", 1, False, True
        while self._peek() not in ("", "|", ")"):
            part = self._repeated(self._item())
            work *= part.work
            varies |= part.varies
            if part.literal:
                run += part.literal
                continue
            if part.width:
                best, run, wordy = _better(best, run), "", False
            if part.anchors:
                best = _better(best, part.anchors)
        literal = run if wordy and work == 1 else ""
        return _Part(anchors=_better(best, run), work=work, literal=literal, varies=varies)

    def _item(self) -> _Part:
        char = self._peek()
        self._at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        if char in "^$":
            return _Part(width=0)
        return _Part() if char == "." else _Part(literal=char)

    def _escape(self) -> _Part:
        char = self._peek()
        self._at += 1
        if char.isalnum() and char not in _ESCAPES:
            raise PatternError(
                f"uses \\{char}; only \\b \\w \\d \\s, their opposites and marks are allowed"
            )
        if char in _ESCAPES:
            return _Part(width=0 if char in _ZERO_WIDTH else 1)
        return _Part(literal=char)

    def _class(self) -> _Part:
        self._at += 2 if self._source[self._at : self._at + 2] in ("^]",) else 1
        while self._peek() != "]":
            self._at += 2 if self._peek() == "\\" else 1
        self._at += 1
        return _Part()

    def _group(self) -> _Part:
        looks = False
        if self._peek() == "?":
            opening = re.match(r"\?(?::|=|!|<=|<!)", self._source[self._at :])
            if opening is None:
                raise PatternError("uses a kind of group that is not allowed; write (?: ... )")
            looks = opening.group() != "?:"
            self._at += len(opening.group())
        part = self._choice()
        self._at += 1
        if looks:
            return _Part(work=part.work, width=0, varies=part.varies)
        return part

    def _repeated(self, part: _Part) -> _Part:
        low, high = self._repeat()
        if (low, high) == (1, 1):
            return part
        if high > 1 and part.varies:
            raise PatternError(
                "repeats something that itself repeats or varies; give each one its own place"
            )
        return _Part(
            anchors=(part.anchors or ((part.literal,) if part.literal else ())) if low else (),
            work=(high - low + 1) * part.work ** min(high, 4),
            varies=True,
        )

    def _repeat(self) -> tuple[int, int]:
        char = self._peek()
        if char == "?":
            self._at += 1
            low, high = 0, 1
        elif char and char in "*+":
            raise PatternError(f"uses {char!r}, which has no end; write a limit such as {{0,20}}")
        else:
            counts = _REPEAT.match(self._source, self._at)
            if counts is None:
                return 1, 1
            self._at += len(counts.group())
            low = int(counts.group(1))
            high = low if counts.group(2) is None else int(counts.group(2) or REPEAT_MAX + 1)
            if high > REPEAT_MAX:
                raise PatternError(f"repeats {counts.group()}; at most {REPEAT_MAX}")
        if self._peek() in ("?", "+") and self._peek():
            self._at += 1
        return low, high


def _alike(words: list[str]) -> int:
    """How many of some words can match at one place: those that begin with one another."""
    return max((sum(word.startswith(w) for w in words) for word in words), default=0)


def _better(one: tuple[str, ...], other: str | tuple[str, ...]) -> tuple[str, ...]:
    """The anchors that promise to be rarer: no everyday words, then the longer ones, then the fewer."""
    candidate = other if isinstance(other, tuple) else ((other,) if other.strip() else ())
    return max(one, candidate, key=lambda a: (min(map(_rarity, a), default=-1), -len(a)))


def _rarity(anchor: str) -> int:
    return 0 if anchor.strip() in _EVERYDAY else len(anchor)


_EVERYDAY = frozenset(
    (
        "a i it is me my no of on to an am are can do for get have he her him his just n't need not"
        " or our she so that the them they this want was we with you your"
    ).split()
)
