"""One executor process: actions carried out in your back office until a signal or a crash."""

from __future__ import annotations

import asyncio
import signal

from cxstream.bootstrap.executor import execute
from cxstream.settings import Settings


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand. Raises `CxError` when it cannot go on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await execute(settings, stop)
