"""What is being worked on: in order for one key, side by side for others; how far partitions are done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager

from aiokafka import TopicPartition


class InFlight:
    """Tasks by partition and offset; at most about `most` at once (the caller asks `full` before reading).

    Work that waits for its time (`holding`), and what stands behind it under the same key, takes no room among
    these: others go on, until about `held_most` wait. Its offset stays open, so after a restart it comes again.
    """

    def __init__(self, most: int, held_most: int) -> None:
        self._most = most
        self._held_most = held_most
        self._open: dict[TopicPartition, dict[int, asyncio.Task[None]]] = {}
        self._next: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._last: dict[tuple[TopicPartition, bytes], asyncio.Task[None]] = {}
        self._keys: dict[asyncio.Task[None], tuple[TopicPartition, bytes]] = {}
        self._held: set[tuple[TopicPartition, bytes]] = set()
        self._failures: list[BaseException] = []

    def __len__(self) -> int:
        return sum(len(tasks) for tasks in self._open.values())

    def full(self) -> bool:
        """Whether enough is in hand, or waits for its time."""
        if len(self) < min(self._most, self._held_most):
            return False
        return self.busy() >= self._most or self.held() >= self._held_most

    def busy(self) -> int:
        """How much is in hand, without what waits for its time."""
        return sum(key not in self._held for key in self._keys.values())

    def held(self) -> int:
        """How much waits for its time, with what stands behind it."""
        return len(self._keys) - self.busy()

    @contextmanager
    def holding(self, place: TopicPartition, key: bytes | None) -> Iterator[None]:
        """Within it, work of this key waits for its time."""
        held = (place, key or b"")
        self._held.add(held)
        try:
            yield
        finally:
            self._held.discard(held)

    def add(
        self,
        place: TopicPartition,
        offset: int,
        key: bytes | None,
        work: Coroutine[None, None, None],
    ) -> None:
        """Begin a piece of work once those before it of the same key are done."""
        before = self._last.get((place, key or b""))
        task = asyncio.create_task(self._after(before, work))
        self._open.setdefault(place, {})[offset] = task
        self._next[place] = offset + 1
        self._last[place, key or b""] = task
        self._keys[task] = (place, key or b"")
        task.add_done_callback(lambda done: self._finished(place, offset, key or b"", done))

    def done(self) -> dict[TopicPartition, int]:
        """By partition the offset to commit, where it moved since the last call."""
        moved: dict[TopicPartition, int] = {}
        for place, following in self._next.items():
            offset = min(self._open.get(place) or (following,))
            if offset > self._committed.get(place, -1):
                moved[place] = self._committed[place] = offset
        return moved

    async def settle(self, places: Iterable[TopicPartition] | None, within_s: float) -> None:
        """Wait for the work on these partitions (None: all); what takes longer, or is held, is cut off."""
        chosen = list(self._open) if places is None else list(places)
        tasks = [task for place in chosen for task in self._open.get(place, {}).values()]
        if not tasks:
            return
        for task in tasks:
            if self._keys.get(task) in self._held:
                task.cancel()
        _, late = await asyncio.wait(tasks, timeout=within_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    def forget(self, places: Iterable[TopicPartition] | None) -> None:
        """These partitions (None: all) are somebody else's now."""
        for place in list(self._next) if places is None else places:
            self._open.pop(place, None)
            self._next.pop(place, None)
            self._committed.pop(place, None)

    def raise_failures(self) -> None:
        """Raise what a piece of work ended with: its record is not done, and must not be passed over."""
        if self._failures:
            raise self._failures[0]

    async def _after(
        self, before: asyncio.Task[None] | None, work: Coroutine[None, None, None]
    ) -> None:
        try:
            if before is not None:
                await asyncio.wait({before})
            await work
        finally:
            work.close()

    def _finished(
        self, place: TopicPartition, offset: int, key: bytes, task: asyncio.Task[None]
    ) -> None:
        self._keys.pop(task, None)
        if self._last.get((place, key)) is task:
            del self._last[place, key]
        if task.cancelled():
            return  # not done: its offset stays open, and it comes again
        error = task.exception()
        if error is not None:
            self._failures.append(error)
            return
        self._open.get(place, {}).pop(offset, None)
