"""STAR's dialogues as a conversation in the engine would see them, turn by turn.

STAR (Mosig and others 2020): crowd workers play a customer and an agent whose next action is chosen from a
list, or typed freely. The dialogues end with questionnaires: the agent says whether the customer became
annoyed, the customer whether the agent was calm and helpful and whether the goal was met. Every utterance
goes through `context.arc`, so training sees what serving sees. The suggestions that STAR's agents were
shown are kept only to be compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from msgspec.structs import replace

from cxstream.context.arc import Arc, facts
from cxstream.context.entry import utterance_entry
from cxstream.context.foresight import Said
from cxstream.errors import ModelError
from cxstream.events import Fragment, Role, Scores, Speaker
from cxstream.learn.examples import Row, Split, rows
from cxstream.understand.encoder import Encoder, Vectors
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Scorer
from cxstream.understand.trajectory import RuleTrajectory, measures

STEP: Final = 512
_STARTED_MS: Final = 1_700_000_000_000
Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance: as it stood, its text (as written, and normalised), and what is known of it.

    `action` is what the agent chose here, `offered` what STAR would have suggested first; `measured` are the
    facts' measures after a customer's turn, `at_s` seconds since the start.
    """

    said: Said
    text: str
    plain: str
    acts: bool
    at_s: float
    action: str | None
    offered: str | None
    measured: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A dialogue, who played the customer, and how it ended; unasked outcomes are not in `ended`."""

    split: Split
    task: str
    worker: str
    ended: Mapping[str, bool]
    turns: tuple[Turn, ...]

    @property
    def customer_turns(self) -> list[int]:
        """The places of the customer's turns."""
        return [place for place, turn in enumerate(self.turns) if not turn.acts]


class Noting(RuleTrajectory):
    """The hand-set weights, noting each utterance as it stood."""

    def __init__(self) -> None:
        self.said: list[Said] = []

    def follow(self, memory: bytes, said: Said) -> bytes:
        self.said.append(said)
        return b""


LEARNT: Final[tuple[Split, ...]] = ("train", "dev")


def texts(data: Path, splits: Sequence[Split] = LEARNT) -> list[str]:
    """Every utterance of the splits once, in a fixed order. ModelError when there are none."""
    found = {t["x"] for s in splits for row in rows(data, "star", s) for t in _turns(row)}
    if not found:
        raise ModelError(f"no dialogues in {data}: star.{splits[0]}.jsonl.gz is missing")
    return sorted(found, key=lambda text: (len(text), text))


def dialogues(
    scorer: Scorer, data: Path, report: Report, splits: Sequence[Split] = LEARNT
) -> list[Dialogue]:
    """All dialogues of the splits that have a customer's turn; each text is scored once."""
    every = texts(data, splits)
    scores: dict[str, Scores] = {}
    for start in range(0, len(every), STEP):
        report("scoring star", start / len(every))
        part = every[start : start + STEP]
        scores.update(zip(part, scorer.score(part), strict=True))
    found = (_follow(row, split, scores) for split in splits for row in rows(data, "star", split))
    return [dialogue for dialogue in found if dialogue.customer_turns]


def _turns(row: Row) -> list[Row]:
    return [t for t in row["turns"] if t["s"] in ("customer", "agent")]


def _follow(row: Row, split: Split, scores: Mapping[str, Scores]) -> Dialogue:
    arc, noting, turns = Arc(), Noting(), []
    for place, turn in enumerate(_turns(row)):
        role = Role(turn["s"])
        said = Fragment("star", f"{place:05}", turn["x"], speaker=Speaker(role), channel="chat")
        at_ms = int(turn["t"] * 1000) + _STARTED_MS
        arc.take(utterance_entry(said, at_ms, scores[turn["x"]]), noting)
        acts = role is Role.AGENT
        turns.append(
            Turn(
                noting.said[-1],
                turn["x"],
                normalise(turn["x"]),
                acts,
                float(turn["t"]),
                turn.get("a") if acts else None,
                next(iter(turn.get("offered") or ()), None),
                None if acts else measures(facts(arc)),
            )
        )
    labels = row["labels"]
    ended = {
        "annoyed": labels.get("user_annoyed"),
        "dissatisfied": _not(labels.get("calm_and_helpful")),
        "goal_not_met": _not(labels.get("goal_met")),
    }
    return Dialogue(
        split,
        "+".join(row["tasks"]),
        row["worker"],
        {name: value for name, value in ended.items() if value is not None},
        tuple(turns),
    )


def with_gist(turn: Turn, gists: Mapping[str, bytes]) -> Said:
    """A turn as serving would see it."""
    return turn.said._replace(entry=replace(turn.said.entry, gist=gists[turn.text]))


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


class Kept:
    """An encoder that knows some normalised texts already, and no other."""

    def __init__(self, encoder: Encoder, known: Mapping[str, Vectors]) -> None:
        self.name = encoder.name
        self.fingerprint = encoder.fingerprint
        self.sentence = encoder.sentence
        self.dimensions = encoder.dimensions
        self._known = known

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The rows of the texts; KeyError for one that is not known."""
        return np.stack([self._known[text] for text in texts])
