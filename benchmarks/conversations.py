"""What is said in the benchmarks: real service conversations where they are there, else the demo's stories.

Real ones come from CXSTREAM_DATA, or `../shared/data` beside the checkout: the development splits of STAR (both
sides) and of MultiDoGO (customers), on which nothing of ours is trained. The same seed gives the same texts
in the same order.
"""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

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
    return " and ".join(by_source())


def by_source() -> dict[str, list[list[Turn]]]:
    """All conversations, each as its turns, by where they are from."""
    found = {"STAR dev": _star(), "MultiDoGO dev": _multidogo()}
    return {name: said for name, said in found.items() if said} or {"bundled stories": _stories()}


def dialogues() -> list[list[Turn]]:
    """All conversations, each as its turns."""
    return [dialogue for said in by_source().values() for dialogue in said]


def texts(count: int, seed: int = SEED) -> list[str]:
    """So many utterances, drawn from all."""
    said = [turn.text for dialogue in dialogues() for turn in dialogue]
    return random.Random(seed).choices(said, k=count)


def fragments(count: int, seed: int = SEED, skip: int = 0) -> Iterator[Fragment]:
    """So many finals, behind the first `skip` of the same seed: what follows in the same conversations.

    `CONCURRENT` conversations at once, each in its own order, a new one when one ends. Each dialogue is told
    once before any is told again, so that a text is heard again only where people say it again.
    """
    return islice(_told(seed), skip, skip + count)


def _told(seed: int) -> Iterator[Fragment]:
    chance = random.Random(seed)
    known = [dialogue for dialogue in dialogues() if dialogue]
    to_tell: list[list[Turn]] = []
    under_way: list[tuple[str, list[Turn]]] = []
    begun = number = 0
    while True:
        while len(under_way) < CONCURRENT:
            to_tell = to_tell or chance.sample(known, len(known))
            begun += 1
            under_way.append((f"bench:{seed}-{begun}", to_tell.pop().copy()))
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
        number += 1


def _star() -> list[list[Turn]]:
    told = [
        [turn for turn in row["turns"] if turn["s"] in ("customer", "agent")]
        for row in _rows("star.dev")
    ]
    return [[Turn(Role(turn["s"]), turn["x"]) for turn in turns if turn.get("x")] for turns in told]


def _multidogo() -> list[list[Turn]]:
    found: dict[str, list[Turn]] = {}
    for row in _rows("multidogo.dev"):  # a dialogue's rows are in the order of its turns
        found.setdefault(row["dialogue"], []).append(Turn(Role.CUSTOMER, row["text"]))
    return list(found.values())


def _stories() -> list[list[Turn]]:
    stories = [
        [record for record in story.records() if isinstance(record, Fragment)]
        for story in bundled()
    ]
    return [
        [Turn(f.speaker.role, f.text) for f in story if f.stage is Stage.FINAL and f.text.strip()]
        for story in stories
    ]


def _rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file of the public data; none where it is not."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    path = Path(os.environ.get("CXSTREAM_DATA", beside)) / f"{name}.jsonl.gz"
    if not path.is_file():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]
