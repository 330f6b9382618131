"""The states one batch touches: loaded once, stepped in order, written once.

A step that fails unexpectedly must not leave a state half changed: the state is made again from its bytes
and the steps before, and the record becomes a dead letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from cxstream.pipeline import Outbound

S = TypeVar("S")
Key = tuple[int, bytes]
Step = Callable[[S], list[Outbound]]


class States(Generic[S]):
    """States by partition and key for the length of one batch."""

    def __init__(self, load: Callable[[int, bytes], S], dump: Callable[[S], bytes | None]) -> None:
        self._load = load
        self._dump = dump
        self._states: dict[Key, S] = {}
        self._steps: dict[Key, list[Step[S]]] = {}

    def get(self, partition: int, key: bytes) -> S:
        """The state of a key as the steps so far have left it."""
        state = self._states.get((partition, key))
        if state is None:
            state = self._states[partition, key] = self._load(partition, key)
        return state

    def touched(self, partition: int, key: bytes) -> S | None:
        """The state of a key that this batch has asked for, else None: nothing is loaded."""
        return self._states.get((partition, key))

    def step(self, partition: int, key: bytes, step: Step[S]) -> list[Outbound]:
        """Apply one step to a key's state; a step that raises leaves the state as it was."""
        place = partition, key
        try:
            out = step(self.get(partition, key))
        except Exception:
            self._states[place] = self._load(partition, key)
            for done in self._steps.get(place, ()):
                done(self._states[place])
            raise
        self._steps.setdefault(place, []).append(step)
        return out

    def writes(self) -> Iterator[tuple[int, bytes, bytes | None]]:
        """Partition, key and bytes of each state that was stepped, once; None deletes it."""
        for partition, key in self._steps:
            yield partition, key, self._dump(self._states[partition, key])
