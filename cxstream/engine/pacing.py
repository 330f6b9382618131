"""Fetches from Kafka at a pace: a breath between one that brought something and the next.

A broker answers a fetch as soon as there is one record. aiokafka asks again at once, and leaves out the
partitions whose last records nobody has taken yet: what comes on them next waits until that fetch ends, a tenth
of a second where nothing comes on the others. And at some hundred records a second each is fetched by itself,
which costs a worker and its broker more than what is in it. A breath later the records are taken, all
partitions are asked for, and several records come together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

BREATH_S: Final = 0.015
"""From a fetch that brought something to the next."""

Fetch = Callable[[Any, int, Any], Awaitable[bool]]
"""Assignment, node, request; whether it brought something."""


def pace(fetcher: Any) -> None:
    """Have an aiokafka `Fetcher` keep the pace. AttributeError when aiokafka has renamed what that needs."""
    fetch: Fetch = fetcher._proc_fetch_request
    waiters, notify = fetcher._fetch_waiters, fetcher._notify

    async def paced(assignment: Any, node_id: int, request: Any) -> bool:
        """One fetch, and a breath. aiokafka tells who waits for records when this returns: too late."""
        brought = await fetch(assignment, node_id, request)
        if brought:
            for waiter in tuple(waiters):
                notify(waiter)
            try:
                await asyncio.sleep(BREATH_S)
            except asyncio.CancelledError:
                return False  # the consumer closes, or its partitions go: nobody asks any more
        return brought

    fetcher._proc_fetch_request = paced
