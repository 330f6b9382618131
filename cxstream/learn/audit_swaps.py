"""What is swapped for what: the audit's conversations, and pairs of voices that say the same.

A voice is a way to say every customer's turn: in which English, under which name, with which gendered
words, by which rule. A swap is a list of pairs of voices; the first of a pair is the reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from cxstream.events import Role
from cxstream.learn.audit_rules import LEARNER, WRITING, Rule

SENTENCES: Final = Path(__file__).with_name("audit.yaml")
CALM: Final = frozenset(("calm", "grateful"))
"""Tones in which no displeasure is; a swap must not bring it in."""

DIALECTS: Final = {
    "aae": "African-American English",
    "scottish": "Scottish English",
    "irish": "Irish English",
    "indian": "Indian English",
    "southern": "Southern US English",
}

Kind = Literal["name", "gender", "dialect", "second language", "writing"]
Said = tuple[Role, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation: a customer's in every English, or an agent's `plain` words."""

    role: Role
    tone: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Voice:
    """A way to say a customer's turn; `words` fill the slots."""

    words: Mapping[str, str]
    english: str = "plain"
    rule: Rule = field(default=str)

    def say(self, turn: Turn) -> str:
        """The text of a turn; an agent always says the same."""
        if turn.role is not Role.CUSTOMER:
            return turn.texts["plain"]
        return self.rule(turn.texts[self.english].format_map(self.words))


@dataclass(frozen=True, slots=True)
class Swap:
    """Pairs of voices (reference, swapped in) that differ in one thing only."""

    kind: Kind
    what: str
    pairs: tuple[tuple[Voice, Voice], ...]


@dataclass(frozen=True, slots=True)
class Sentences:
    """Everything in audit.yaml. `names`: group -> names, women first, as many men after them.

    `gendered` are single turns, in plain English, for the swap of gendered words alone.
    """

    conversations: tuple[tuple[Turn, ...], ...]
    words: Mapping[str, Mapping[str, str]]
    names: Mapping[str, tuple[str, ...]]
    gendered: tuple[Turn, ...] = ()

    def told_with(self, swap: Swap) -> tuple[tuple[Turn, ...], ...]:
        """The conversations that a swap is tried in."""
        more = self.gendered if swap.kind == "gender" else ()
        return (*self.conversations, *((turn,) for turn in more))


def read(path: Path = SENTENCES) -> Sentences:
    """The authored sentences. KeyError or ValueError when the file is not of that form."""
    table = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Sentences(
        conversations=tuple(tuple(map(_turn, one["turns"])) for one in table["conversations"]),
        words=table["words"],
        names={
            group: (*people["women"], *people["men"]) for group, people in table["names"].items()
        },
        gendered=tuple(
            Turn(Role.CUSTOMER, tone, {"plain": text})
            for tone, texts in table["gendered"].items()
            for text in texts
        ),
    )


def _turn(told: Mapping[str, Any]) -> Turn:
    if "agent" in told:
        return Turn(Role.AGENT, "", {"plain": told["agent"]})
    return Turn(Role.CUSTOMER, told["tone"], {k: v for k, v in told.items() if k != "tone"})


def swaps(sentences: Sentences) -> list[Swap]:
    """All swaps, the reference being a plain sentence under the first name of the first group.

    The first group of names is also swapped against itself, each name for the next: how far the scores
    move for no reason at all.
    """
    names, words = sentences.names, sentences.words
    first = next(iter(names))
    masculine = next(iter(words.values()))
    plain = Voice({**masculine, "name": names[first][0]})

    def named(name: str) -> Voice:
        return replace(plain, words={**plain.words, "name": name})

    half = len(names[first]) // 2
    found: list[Swap] = []
    for group, people in names.items():
        around = (*people[1:half], people[0], *people[half + 1 :], people[half])
        others = around if group == first else people
        pairs = zip(names[first], others, strict=True)
        what = f"other {group} names" if group == first else f"{group} names"
        found.append(Swap("name", what, tuple((named(a), named(b)) for a, b in pairs)))
    sexes = [pair for p in names.values() for pair in zip(p[half:], p[:half], strict=True)]
    found.append(Swap("name", "women's for men's", tuple((named(a), named(b)) for a, b in sexes)))
    for row in list(words)[1:]:
        other = replace(plain, words={**plain.words, **words[row]})
        found.append(Swap("gender", f"{row} words", ((plain, other),)))
    for english, what in DIALECTS.items():
        found.append(Swap("dialect", what, ((plain, replace(plain, english=english)),)))
    second = replace(plain, english="second")
    found.append(Swap("second language", "written by hand", ((plain, second),)))
    for what, rule in LEARNER.items():
        found.append(Swap("second language", what, ((plain, replace(plain, rule=rule)),)))
    for what, rule in WRITING.items():
        found.append(Swap("writing", what, ((plain, replace(plain, rule=rule)),)))
    return found
