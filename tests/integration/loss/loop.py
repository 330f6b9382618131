"""The way back: what people answered, and whether it moved what it had to move, once.

Each answer comes to its customer; each verdict gives its action one new status; the ledger's rows stand
where that status says, each step in them once; each rule's beliefs rest on as many lessons as were told.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from answers import Decided, answers, decided
from script import Sent

STANDING = ("ledger", "learnt")
"""Compacted topics: the newest record of a key is what holds."""


@dataclass
class Loop:
    """What was decided, said about it, and became of it."""

    told: dict[str, Sent] = field(default_factory=dict)
    heard_ms: dict[str, int] = field(default_factory=dict)
    _open: dict[str, Decided] = field(default_factory=dict)
    _became: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _teaches: Counter[str] = field(default_factory=Counter)
    standing: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {name: {} for name in STANDING}
    )

    def answers(self, turn: int, seed: int) -> list[Sent]:
        """What people now say to what was decided; each decision is looked at once."""
        said = answers(self._open.values(), turn, seed)
        of_supervisors = turn % 2 == 1
        self._open = {n: d for n, d in self._open.items() if d.needs_approval != of_supervisors}
        return said

    def note_standing(self, role: str, found: dict[str, Any]) -> None:
        """A record of a compacted topic."""
        self.standing[role][found["rule"] if role == "learnt" else found["id"]] = found

    def note_new(self, role: str, found: dict[str, Any], written_ms: int) -> None:
        """An output that was not there before."""
        one = decided(role, found)
        if one is not None:
            self._open[one.id] = one
        if role == "actions":
            self._became[found["id"]].add(found.get("status", "proposed"))
        elif role == "signals" and found["id"].startswith("answer-"):
            self.heard_ms[found["id"]] = written_ms
        elif role == "lessons" and "reward" in found and found.get("group") != "control":
            self._teaches[found["rule"]] += 1

    def unheard(self) -> list[str]:
        """Which answers have not come to the customer they are about yet."""
        return [name for name in self.told if name not in self.heard_ms]

    def faults(self) -> dict[str, list[str]]:
        """Everything that must not be."""
        return {
            "answers lost": self.unheard(),
            "approvals without effect": list(self._without_effect()),
            "ledger": list(self._wrong_ledger()),
            "learnt": list(self._wrong_beliefs()),
        }

    def _without_effect(self) -> Iterator[str]:
        for name, record in self.told.items():
            if record.topic == "approvals":
                said = json.loads(record.value)
                became = self._became[said["decision_id"]] - {"proposed"}
                if became != {said["verdict"]}:
                    yield f"{name} {said['verdict']}: {sorted(became)}"

    def _wrong_ledger(self) -> Iterator[str]:
        for name, became in self._became.items():
            row = self.standing["ledger"].get(name)
            steps = [step["id"] for step in row.get("steps", ())] if row else []
            if row is None or not steps or len(steps) != len(set(steps)):
                yield f"{name}: {steps if row else 'no row'}"
            elif became & {"approved", "refused"}:
                state = "approved" if "approved" in became else "withdrawn"
                if row["state"] != state:
                    yield f"{name}: {row['state']}, not {state}"

    def _wrong_beliefs(self) -> Iterator[str]:
        for rule, lessons in self._teaches.items():
            believed = self.standing["learnt"].get(rule, {"lessons": 0})["lessons"]
            if believed != lessons:
                yield f"{rule}: learnt from {believed} of {lessons} lessons"
