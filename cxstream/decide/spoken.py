"""What is said, read from YAML fields: lists of patterns, shared ones, and those under names."""

from __future__ import annotations

import re

from cxstream.decide.located import Fields
from cxstream.decide.patterns import Pattern, PatternError, compile_pattern
from cxstream.decide.phrases import ANY, Phrases

PhraseLists = dict[str, tuple[Pattern, ...]]

PATTERNS_MAX = 60
ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""What names a rule, an action, a purpose, a group of phrases."""


def read_phrases(given: Fields, lists: PhraseLists) -> Phrases | None:
    """What starts a rule when it is said, and what makes that void; None where the rule gives none."""
    if not given.has("phrases"):
        if given.has("not_phrases"):
            given.problem("not_phrases", "make phrases void, which are not given")
        return None
    if not given.is_fields("phrases"):
        groups = [(ANY, read_patterns(given, "phrases", lists))]
    else:
        names = tuple(given.names("phrases"))
        named = given.fields("phrases", names) if names else None
        groups = [(name, read_patterns(named, name, lists)) for name in names] if named else []
        for name in names:
            if ID.fullmatch(name) is None:
                given.problem("phrases", f"{name!r} is no name for a group; use lower-case letters")
    if sum(len(patterns) for _, patterns in groups) > PATTERNS_MAX:
        given.problem("phrases", f"at most {PATTERNS_MAX} in one rule")
    return Phrases(tuple(groups), read_patterns(given, "not_phrases", lists))


def read_patterns(given: Fields, name: str, lists: PhraseLists) -> tuple[Pattern, ...]:
    """The patterns of a list, or of the shared list that a text names."""
    if given.is_text(name):
        shared = given.choice(name, tuple(lists))
        return lists.get(shared, ())
    patterns = []
    for source, node in given.texts(name):
        try:
            patterns.append(compile_pattern(source))
        except PatternError as error:
            shown = source if len(source) <= 60 else f"{source[:59]}…"
            given.document.problem(node, f"{given.what}: {name}: `{shown}` {error}")
    return tuple(patterns)
