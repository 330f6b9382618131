"""One worker process: topics checked, metrics served, the engine run until a signal or a crash."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading

from cxstream.bootstrap import Front, Judgement, front, judgement, libraries, scorer, working
from cxstream.engine import heap, mapped
from cxstream.settings import Settings
from cxstream.understand.scorer import Scorer

_log = logging.getLogger(__name__)
_GRACE_S = 5.0
"""What the engine may take beyond its drain to close its connections."""
_EXIT_S = 2.0
_CRASHED_S = 1.0
"""After a crash nothing is left to drain."""


class LastResort:
    """Ends this process when it does not end by itself, whatever hangs: the loop, a model, a socket.

    A thread of its own, since a timer of the loop would hang with it. Nothing is lost: what was not
    acknowledged comes again.
    """

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def within(self, seconds: float, code: int) -> None:
        """From now on: end with this exit code after so many seconds. Replaces what was said before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(seconds, self._end, (seconds, code))
        self._timer.daemon = True
        self._timer.start()

    @staticmethod
    def _end(seconds: float, code: int) -> None:
        _log.warning(
            "something hangs and did not end within %s s: the process ends without it", seconds
        )
        logging.shutdown()
        os._exit(code)


async def run(settings: Settings, model: Scorer | None = None) -> None:
    """Work until SIGTERM or SIGINT, then drain. Raises `EngineError` when the engine gives up.

    The caller should end the process with an error then, so that a supervisor starts it anew: state and
    offsets are safe, and the input comes again.
    """
    heap.few_arenas()
    last_resort = LastResort()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    shown = front(settings)
    if model is None:
        model, judges = await _loaded(settings, shown)
    else:
        judges = judgement(settings)
    app = working(settings, shown, model, judges)
    heap.give_back()  # what loading left
    if stop.is_set():
        return
    # the start lasts until the first recovery has ended: a signal, or a crash, need not wait for that
    starting = asyncio.ensure_future(app.start())
    stopping = asyncio.ensure_future(stop.wait())
    gave_up = asyncio.ensure_future(app.gave_up())
    ready = asyncio.ensure_future(app.ready.wait())
    giving_back = asyncio.ensure_future(heap.keep_giving_back())
    await asyncio.wait({starting, stopping, gave_up}, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        starting.result()
    try:
        await asyncio.wait({ready, stopping, gave_up}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            _log.info("ready: %s partitions on %s", settings.partitions, settings.brokers)
        await asyncio.wait({stopping, gave_up}, return_when=asyncio.FIRST_COMPLETED)
        if gave_up.done():
            gave_up.result()
        _log.info("draining")
    finally:
        if not stop.is_set():
            app.drain_s = _CRASHED_S
        last_resort.within(app.drain_s + _GRACE_S, 1)
        for task in (stopping, gave_up, ready, giving_back):
            task.cancel()
        await app.stop()
        starting.cancel()
        last_resort.within(
            _EXIT_S, 0 if stop.is_set() else 1
        )  # a model that hangs keeps its thread


async def _loaded(settings: Settings, shown: Front) -> tuple[Scorer, Judgement]:
    """The models, and the playbooks: these are read while it is tried out how the encoder calculates best."""
    await asyncio.to_thread(libraries)
    mapped.let_go()  # what loading them has read
    loading = asyncio.ensure_future(asyncio.to_thread(scorer, settings, shown.metrics))
    await asyncio.sleep(0)  # it is started
    judges = judgement(settings)
    return await loading, judges
