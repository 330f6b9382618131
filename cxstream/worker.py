"""One worker process: topics checked, metrics served, the engine run until a signal or a crash."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Coroutine

from cxstream.bootstrap import build, prepare_topics
from cxstream.errors import EngineError
from cxstream.observe.metrics import Metrics, serve
from cxstream.settings import Settings

_log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then drain. Raises `EngineError` when the engine gives up.

    The caller should end the process with an error then, so that a supervisor starts it anew: state and
    offsets are safe, and the input comes again.
    """
    await prepare_topics(settings)
    metrics = Metrics()
    if settings.metrics_port is not None:
        port = serve(metrics, settings.metrics_host, settings.metrics_port)
        _log.info("metrics on http://%s:%s/metrics", settings.metrics_host, port)
    app = build(settings, metrics)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await app.start()
    try:
        await _first(app.ready.wait(), stop.wait(), app.crashed_or_stopped())
        if not stop.is_set() and not app.crashed:
            _log.info("ready: %s partitions on %s", settings.partitions, settings.brokers)
        await _first(stop.wait(), app.crashed_or_stopped())
        if app.crashed:
            raise EngineError(f"the engine gave up: {app.crash_reason!r}")
    finally:
        _log.info("draining")
        await app.stop()


async def _first(*waits: Coroutine[object, object, object]) -> None:
    """Wait for the first of several things and let the others go."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
