"""Waiting for what tells nobody that it has happened: the one place of the tests that looks again and again."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LOOKS_EVERY_S = 0.02
_never = threading.Event()


class NeverCame(AssertionError):
    """What was waited for did not come in time; the message says what it was."""


def until(look: Callable[[], T], what: str, within_s: float = 60.0) -> T:
    """Look until there is something (true), and give it. Raises `NeverCame`."""
    end = time.monotonic() + within_s
    while not (found := look()):
        if time.monotonic() > end:
            raise NeverCame(f"{what} within {within_s} s")
        _never.wait(LOOKS_EVERY_S)
    return found


async def until_async(look: Callable[[], T], what: str, within_s: float = 60.0) -> T:
    """The same beside an event loop, which goes on meanwhile. Raises `NeverCame`."""
    end = time.monotonic() + within_s
    while not (found := look()):
        if time.monotonic() > end:
            raise NeverCame(f"{what} within {within_s} s")
        await asyncio.sleep(LOOKS_EVERY_S)
    return found
