"""The states one batch touches: loaded once, stepped in order, written once.

A step that fails unexpectedly must not leave a state half changed: the state is made again from its bytes
and the steps before, and the record becomes a dead letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from cxstream.pipeline import Outbound

S = TypeVar("S")
Step = Callable[[S], list[Outbound]]


class States(Generic[S]):
    """States by key for the length of one batch."""

    def __init__(self, load: Callable[[bytes], S], dump: Callable[[S], bytes | None]) -> None:
        self._load = load
        self._dump = dump
        self._states: dict[bytes, S] = {}
        self._steps: dict[bytes, list[Step[S]]] = {}
        self._partitions: dict[bytes, int] = {}

    def get(self, key: bytes) -> S:
        """The state of a key as the steps so far have left it."""
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = self._load(key)
        return state

    def step(self, key: bytes, partition: int, step: Step[S]) -> list[Outbound]:
        """Apply one step to a key's state; a step that raises leaves the state as it was."""
        try:
            out = step(self.get(key))
        except Exception:
            self._states[key] = self._load(key)
            for done in self._steps.get(key, ()):
                done(self._states[key])
            raise
        self._steps.setdefault(key, []).append(step)
        self._partitions[key] = partition
        return out

    def writes(self) -> Iterator[tuple[int, bytes, bytes | None]]:
        """Partition, key and bytes of each state that was stepped, once; None deletes it."""
        for key, partition in self._partitions.items():
            yield partition, key, self._dump(self._states[key])
