"""The recipe's file as plans: how to tune with labels alone, with teachers beside them, and the teachers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cxstream.learn.network import Tuning

RECIPE: Final = Path(__file__).with_name("recipe.toml")


@dataclass(frozen=True, slots=True)
class Plans:
    """`alone` tunes with labels only; `taught` with teachers beside them, a run each, whose mean is kept;
    `teachers` tune those, one each."""

    alone: Tuning
    taught: tuple[Tuning, ...]
    teachers: tuple[Tuning, ...]


def plans_of(path: Path = RECIPE) -> Plans:
    """The plans of a recipe's file: what a table does not say is as in `[tuning]`."""
    said = tomllib.loads(path.read_text(encoding="utf-8"))

    def plan(other: Mapping[str, Any]) -> Tuning:
        both = said["tuning"] | other
        for table in ("rounds", "weights"):
            both[table] = said["tuning"][table] | other.get(table, {})
        return Tuning(**both)

    return Plans(plan({}), tuple(map(plan, said["taught"])), tuple(map(plan, said["teachers"])))
