"""Makes the table of `understand.phrases`: what customers said, and how those conversations ended.

Of each phrase it counts the conversations that ended so, and those that would have by the rates of their tasks
alone; both begin at `BEFORE`, so that what is rare says little. There is nothing to fit and nothing to draw.
A phrase counts in a conversation for the share of it that it was known in: an early word more than a late one.
Names are left out: of people, places and firms, which are what is written with a capital inside a sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from cxstream.learn.risk import SHARES, rates
from cxstream.learn.stream_data import Dialogue
from cxstream.understand.phrases import STEPS, TOLD, UNIT, Phrases, key_of, phrases_of
from cxstream.understand.trajectory import OUTCOMES

BEFORE: Final = 10.0
"""Conversations that every phrase is said to have been in before the count begins, ending as usual."""

COMMON: Final = 20
"""Conversations that a phrase must be in; what few people say may be about them, and tells nothing anyway."""

Floats = NDArray[np.float64]

_INSIDE: Final = re.compile(r"(?<=[a-z,;] )[A-Za-z][A-Za-z']+")
_OFTEN: Final = 0.4


@dataclass(frozen=True, slots=True)
class Heard:
    """Who said what: of some dialogues, each phrase and each of the customer's texts once.

    `phrases` rise by their keys. `said` (texts, phrases) is 1 where a text has a phrase; `known` (dialogues,
    phrases) is the share of SHARES at which it was known; `turns` are of each dialogue the customer's texts.
    """

    phrases: tuple[bytes, ...]
    said: sparse.csr_matrix
    known: sparse.csr_matrix
    turns: tuple[NDArray[np.int64], ...]

    def of(self, places: Sequence[int]) -> Heard:
        """The same, of some of the dialogues."""
        turns = tuple(self.turns[n] for n in places)
        return Heard(self.phrases, self.said, self.known[list(places)], turns)

    def column(self, dialogues: Sequence[Dialogue], outcome: str) -> NDArray[np.int16]:
        """The table's column of an outcome, by dialogues of which it is known; they are these."""
        truth = np.array([d.ended[outcome] for d in dialogues], float)
        rate = rates(dialogues, outcome)
        usual = np.array([rate(d.task) for d in dialogues])
        usual *= truth.sum() / max(float(usual.sum()), 1e-9)
        ended, would = self.known.T @ truth, self.known.T @ usual
        odds = np.log((ended + BEFORE) / (would + BEFORE))
        return np.asarray(np.clip(np.rint(odds * UNIT), -32767, 32767).astype(np.int16))

    def means(self, column: NDArray[np.int16], places: Sequence[int]) -> list[Floats]:
        """After each of the customer's turns the mean of what the phrases told, as `stream` remembers it."""
        found = self.said @ column.astype(np.int64)
        spread = np.sqrt(np.maximum(1, np.diff(self.said.indptr)))
        told = np.clip(np.rint(found * (STEPS / UNIT) / spread), -127, 127) / 127
        heard = [told[self.turns[n]] for n in places]
        return [np.cumsum(h) / np.arange(1, len(h) + 1) for h in heard]


def hear(dialogues: Sequence[Dialogue], common: int = COMMON) -> Heard:
    """What the customers of some dialogues said; a phrase of fewer than `common` dialogues is left out."""
    row_of: dict[str, int] = {}
    turns = tuple(
        np.array([row_of.setdefault(t.plain, len(row_of)) for t in d.turns if not t.acts])
        for d in dialogues
    )
    names = {name.encode() for name in names_in(dialogues)}
    phrases = [{p for p in phrases_of(text) if names.isdisjoint(p.split())} for text in row_of]
    often = Counter(p for said in turns for p in set().union(*(phrases[row] for row in said)))
    # two with one key would be one: of all that are there the more frequent is kept
    by_key = {key_of(p): p for p, _ in reversed(often.most_common()) if often[p] >= common}
    kept = tuple(by_key[key] for key in sorted(by_key))
    place = {phrase: n for n, phrase in enumerate(kept)}
    said = _matrix([{place[p]: 1.0 for p in s if p in place} for s in phrases], len(kept))
    known = []
    for texts in turns:
        shares: Counter[int] = Counter()
        for share in SHARES:
            until = texts[: max(1, round(share * len(texts)))]
            shares.update(set(said[np.unique(until)].indices.tolist()))
        known.append({n: many / len(SHARES) for n, many in shares.items()})
    return Heard(kept, said, _matrix(known, len(kept)), turns)


def table_of(heard: Heard, dialogues: Sequence[Dialogue]) -> Phrases:
    """The table that ships, of all dialogues; `heard` is theirs."""
    table = np.zeros((len(heard.phrases), TOLD), np.int16)
    for number, outcome in enumerate(OUTCOMES):
        asked = [n for n, d in enumerate(dialogues) if outcome in d.ended]
        table[:, number] = heard.of(asked).column([dialogues[n] for n in asked], outcome)
    return Phrases(np.array([key_of(p) for p in heard.phrases], np.uint32), table)


def names_in(dialogues: Sequence[Dialogue]) -> set[str]:
    """Words that are mostly written with a capital in the middle of a sentence, as they are once normalised."""
    seen: Counter[str] = Counter()
    large: Counter[str] = Counter()
    for dialogue in dialogues:
        for turn in dialogue.turns:
            for word in [] if turn.acts else _INSIDE.findall(turn.text):
                seen[word.lower()] += 1
                large[word.lower()] += word[0].isupper() and not word.isupper()
    often = {word for word, many in seen.items() if many >= 2 and large[word] > _OFTEN * many}
    return {word for word in often if not word.startswith("i'")}


def _matrix(rows: Sequence[dict[int, float]], width: int) -> sparse.csr_matrix:
    starts = np.cumsum([0, *map(len, rows)])
    columns = [column for row in rows for column in sorted(row)]
    values = [row[column] for row in rows for column in sorted(row)]
    return sparse.csr_matrix((values, columns, starts), (len(rows), width))
