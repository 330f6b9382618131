"""How late the event loop is: heartbeats, fetches and desktops wait behind whatever holds it up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Never

EVERY_S: Final = 0.02


async def watch(told: Callable[[float], None], *, every_s: float = EVERY_S) -> Never:
    """Tell again and again how many seconds later than asked the loop came back."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every_s
        await asyncio.sleep(every_s)
        told(max(0.0, loop.time() - due))
