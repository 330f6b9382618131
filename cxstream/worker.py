"""One worker process: topics checked, metrics served, the engine run until a signal or a crash."""

from __future__ import annotations

import asyncio
import logging
import signal

from cxstream.bootstrap import working
from cxstream.settings import Settings

_log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then drain. Raises `EngineError` when the engine gives up.

    The caller should end the process with an error then, so that a supervisor starts it anew: state and
    offsets are safe, and the input comes again.
    """
    app = working(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await app.start()
    try:
        stopping = asyncio.ensure_future(stop.wait())
        gave_up = asyncio.ensure_future(app.gave_up())
        ready = asyncio.ensure_future(app.ready.wait())
        await asyncio.wait({ready, stopping, gave_up}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            _log.info("ready: %s partitions on %s", settings.partitions, settings.brokers)
        await asyncio.wait({stopping, gave_up}, return_when=asyncio.FIRST_COMPLETED)
        if gave_up.done():
            gave_up.result()
        _log.info("draining")
    finally:
        for task in (stopping, gave_up, ready):
            task.cancel()
        await app.stop()
