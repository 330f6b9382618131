"""A cxstream worker that keeps every latency, and writes them when it is told to stop.

Started by `end_to_end.py`:  ours.py BROKERS PREFIX FILE

FILE gets one line a handled signal: when its fragment was due, how long until its decisions were safe, both in
seconds; and a last line with the loop's lags.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
import tempfile
import time
from pathlib import Path

from cxstream.bootstrap import build, prepare_topics
from cxstream.engine.app import CxApp
from cxstream.engine.place import claim
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings


class Kept(Metrics):
    """Metrics that keep each latency and each lag of the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.handled: list[tuple[float, float]] = []
        self.lags: list[float] = []
        self.hits = [0, 0]

    def decided_after(self, seconds: float) -> None:
        """Keep it with the time it was due."""
        self.handled.append((time.time() - seconds, seconds))
        super().decided_after(seconds)

    def loop_lag(self, seconds: float) -> None:
        """Keep it."""
        self.lags.append(seconds)
        super().loop_lag(seconds)

    def remembered(self, hits: int, asked: int) -> None:
        """Count them."""
        self.hits[0] += hits
        self.hits[1] += asked
        super().remembered(hits, asked)


async def run(brokers: str, prefix: str, out: Path) -> None:
    """Work until SIGTERM."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            brokers=brokers,
            topic_prefix=prefix,
            app_id=f"{prefix}ours",
            data_dir=Path(folder),
            score_deadline_s=30.0,
        )
        kept = Kept()
        await prepare_topics(settings)
        app = build(settings, kept)
        app.place = claim(settings.data_dir, settings.app_id)
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await app.start()
        await ready(app)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await stop.wait()
        cpu_s = time.process_time()
        last = {"lags": kept.lags, "cpu_s": cpu_s, "cache": kept.hits}
        write(out, [*kept.handled, last])
        await app.stop()


async def ready(app: CxApp) -> None:
    """Wait until it reads. Raises `EngineError` when it gives up instead."""
    waits = [asyncio.ensure_future(app.ready.wait()), asyncio.ensure_future(app.gave_up())]
    done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    for task in done:
        task.result()


def write(out: Path, lines: list[object]) -> None:
    """One line each."""
    out.write_text("\n".join(map(json.dumps, lines)))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(run(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
