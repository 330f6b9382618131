"""Fetches from Kafka at a pace: a breath between one that brought something and the next.

A broker answers a fetch as soon as there is one record. aiokafka asks again at once, and leaves out the
partitions whose last records nobody has taken yet: what comes on them next waits until that fetch ends, a tenth
of a second where nothing comes on the others. And at some hundred records a second each is fetched by itself,
which costs a worker and its broker more than what is in it. A breath later the records are taken, all
partitions are asked for, and several records come together.

Each fetch names all partitions, and each answer too, which Python writes and reads one by one. Topics on which
something comes now and then are asked for again when `SELDOM_S` has passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container
from copy import copy
from typing import Any, Final

BREATH_S: Final = 0.015
"""From a fetch that brought something to the next."""

SELDOM_S: Final = 0.1
"""From one asking for what comes now and then to the next, at least; what is held until then adds to it."""

Fetch = Callable[[Any, int, Any], Awaitable[bool]]
"""Assignment, node, request; whether it brought something."""


def pace(fetcher: Any, seldom: Container[str] = ()) -> None:
    """Have an aiokafka `Fetcher` keep the pace; on the topics `seldom` something comes now and then.

    AttributeError when aiokafka has renamed what that needs.
    """
    fetch: Fetch = fetcher._proc_fetch_request
    waiters, notify = fetcher._fetch_waiters, fetcher._notify
    thinning = Thinning(seldom)

    async def paced(assignment: Any, node_id: int, request: Any) -> bool:
        """One fetch, and a breath. aiokafka tells who waits for records when this returns: too late."""
        now = asyncio.get_running_loop().time()
        brought = await fetch(assignment, node_id, thinning.asked(node_id, request, now))
        if brought:
            for waiter in tuple(waiters):
                notify(waiter)
            try:
                await asyncio.sleep(BREATH_S)
            except asyncio.CancelledError:
                return False  # the consumer closes, or its partitions go: nobody asks any more
        return brought

    fetcher._proc_fetch_request = paced


class Thinning:
    """What a fetch asks a broker for: all, but the topics `seldom` not if they were asked for just now."""

    def __init__(self, seldom: Container[str]) -> None:
        self._seldom = seldom
        self._all_at: dict[int, float] = {}

    def asked(self, node_id: int, request: Any, now: float) -> Any:
        """The request, or a thinner one; one of which nothing would be left stays whole."""
        topics = [one for one in request.topics if one[0] not in self._seldom]
        if not topics or now - self._all_at.get(node_id, -SELDOM_S) >= SELDOM_S:
            self._all_at[node_id] = now
            return request
        thinned = copy(request)
        thinned._topics = topics
        return thinned
