"""The same sentence written or put together in another way, by rule.

Two kinds: a learner's English (articles, tenses and prepositions as they often go wrong), and writing
(case and punctuation, of which speech has none). The first lose a little meaning, the second none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

Rule = Callable[[str], str]

_TENSES: Final = {
    "was": "is", "were": "are", "did": "do", "had": "have", "said": "say", "told": "tell",
    "sent": "send", "went": "go", "made": "make", "paid": "pay", "took": "take", "lost": "lose",
    "been": "be", "has": "have", "asked": "ask", "promised": "promise", "drove": "drive",
    "picked": "pick", "scanned": "scan", "complained": "complain", "moved": "move", "fixed": "fix",
    "helped": "help", "needs": "need", "makes": "make", "says": "say", "lives": "live",
    "will": "", "would": "",
}  # fmt: skip
_PREPOSITIONS: Final = {
    "in": "on", "on": "in", "at": "in", "to": "for", "for": "to", "of": "from", "from": "of",
    "with": "by", "by": "with", "since": "from", "through": "in", "about": "of",
}  # fmt: skip
_WORD: Final = re.compile(r"[A-Za-z']+")
_MARKS: Final = re.compile(r"[^\w\s']")


def _by_word(table: Mapping[str, str]) -> Rule:
    def rule(text: str) -> str:
        changed = _WORD.sub(lambda word: table.get(word[0].lower(), word[0]), text)
        return " ".join(changed.split())

    return rule


def _no_marks(text: str) -> str:
    return " ".join(_MARKS.sub("", text).lower().split())


def _sentence(text: str) -> str:
    ended = text if text[-1:] in ".?!" else text + "."
    return ended[:1].upper() + ended[1:]


def _shouted(text: str) -> str:
    return text.rstrip(".?! ") + "!!!"


def _trailing(text: str) -> str:
    return text.rstrip(".?! ").replace(",", "...") + "..."


LEARNER: Final[Mapping[str, Rule]] = {
    "articles left out": _by_word({"a": "", "an": "", "the": ""}),
    "tenses mixed up": _by_word(_TENSES),
    "prepositions mixed up": _by_word(_PREPOSITIONS),
}
"""A rule that does not touch a sentence gives it back as it was; such a sentence is not compared."""

WRITING: Final[Mapping[str, Rule]] = {
    "no punctuation, lower case": _no_marks,
    "capital and full stop": _sentence,
    "ALL CAPITALS": str.upper,
    "exclamation marks": _shouted,
    "dots": _trailing,
    "typographic apostrophes": lambda text: text.replace("'", "’"),
    "apostrophes left out": lambda text: text.replace("'", ""),
}
