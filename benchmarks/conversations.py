"""What is said in the benchmarks: real service conversations where they are there, else the demo's stories.

Real ones come from CXSTREAM_DATA (STAR's dialogues, development split), or `../shared/data` beside the
checkout. The same seed gives the same texts in the same order.
"""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from cxstream.demo.story import bundled
from cxstream.events import Fragment, Role, RoleSource, Speaker, Stage

SEED: Final = 7
CONCURRENT: Final = 100
"""Conversations that are under way at one moment."""


class Turn(NamedTuple):
    """One utterance of a conversation."""

    role: Role
    text: str


def source() -> str:
    """Which conversations are used, for the results."""
    return "STAR dev" if _star().is_file() else "bundled stories"


def dialogues() -> list[list[Turn]]:
    """All conversations, each as its turns."""
    if _star().is_file():
        with gzip.open(_star(), "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        told = [[t for t in row["turns"] if t["s"] in ("customer", "agent")] for row in rows]
        return [[Turn(Role(t["s"]), t["x"]) for t in turns if t.get("x")] for turns in told]
    stories = [
        [record for record in story.records() if isinstance(record, Fragment)]
        for story in bundled()
    ]
    return [
        [Turn(f.speaker.role, f.text) for f in story if f.stage is Stage.FINAL and f.text.strip()]
        for story in stories
    ]


def texts(count: int, seed: int = SEED) -> list[str]:
    """So many utterances, drawn from all."""
    said = [turn.text for dialogue in dialogues() for turn in dialogue]
    return random.Random(seed).choices(said, k=count)


def fragments(count: int, seed: int = SEED) -> Iterator[Fragment]:
    """So many finals: `CONCURRENT` conversations at once, each in its own order, a new one when one ends."""
    chance = random.Random(seed)
    known = [dialogue for dialogue in dialogues() if dialogue]
    under_way: list[tuple[str, list[Turn]]] = []
    begun = 0
    for number in range(count):
        while len(under_way) < CONCURRENT:
            begun += 1
            under_way.append((f"bench:{seed}-{begun}", list(chance.choice(known))))
        place = chance.randrange(len(under_way))
        conversation, turns = under_way[place]
        turn = turns.pop(0)
        if not turns:
            del under_way[place]
        yield Fragment(
            conversation_id=conversation,
            fragment_id=f"f-{number}",
            text=turn.text,
            speaker=Speaker(role=turn.role, role_source=RoleSource.EXPLICIT),
            channel="chat",
            customer_id=f"customer {conversation}",
            agent_id=f"agent {place}",
        )


def _star() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("CXSTREAM_DATA", beside)) / "star.dev.jsonl.gz"
