"""Waiting until the broker has all of a batch, at the price of waiting for its last record.

`asyncio.gather` tells each record's answer to a callback of its own, in a turn of the event loop. The records
of a batch are answered together, so when the first is there, the next ones are too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


async def delivered(sent: Sequence[asyncio.Future[T]]) -> list[T]:
    """Where the broker put each record, in order. Raises what the first one that failed did."""
    try:
        return [await one for one in sent]
    except BaseException:
        for one in sent:
            one.add_done_callback(_seen)
        raise


def _seen(one: asyncio.Future[T]) -> None:
    """Take note of a failure that nobody else will ask for."""
    if not one.cancelled():
        one.exception()
