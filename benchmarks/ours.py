"""A cxstream worker that writes down every latency, until it is told to stop.

Started by `end_to_end.py`:  ours.py BROKERS PREFIX FILE

FILE gets one line a handled signal, some fifty times a second: when its fragment was due, how long until its
decisions were safe, both in seconds, and how many texts the cache knew until then, of so many asked; and, when
it stops, a last one with the loop's lags, each behind the time when it was seen.
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
from typing import IO

from cxstream.bootstrap import build, prepare_topics
from cxstream.engine.app import CxApp
from cxstream.engine.place import claim
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings


class Kept(Metrics):
    """Metrics that write each latency down and keep each lag of the loop."""

    def __init__(self, out: IO[str]) -> None:
        super().__init__()
        self._out = out
        self._lines: list[str] = []
        self.lags: list[tuple[float, float]] = []
        self.hits = [0, 0]

    def decided_after(self, seconds: float) -> None:
        """Keep it with the time it was due, and the cache."""
        due, (hits, asked) = time.time() - seconds, self.hits
        self._lines.append(f"[{due:.4f}, {seconds:.4f}, {hits}, {asked}]\n")
        super().decided_after(seconds)

    def loop_lag(self, seconds: float) -> None:
        """Keep it, and write down what was handled since the last one."""
        self.lags.append((time.time(), seconds))
        self.write()
        super().loop_lag(seconds)

    def write(self) -> None:
        """Write what is kept of fragments, all at once: a write of each would let go of the interpreter."""
        self._out.write("".join(self._lines))
        self._out.flush()
        self._lines.clear()

    def remembered(self, hits: int, asked: int) -> None:
        """Count them."""
        self.hits[0] += hits
        self.hits[1] += asked
        super().remembered(hits, asked)


async def run(brokers: str, prefix: str, out: Path) -> None:
    """Work until SIGTERM."""
    with tempfile.TemporaryDirectory() as folder, out.open("w") as lines:
        settings = Settings(
            brokers=brokers,
            topic_prefix=prefix,
            app_id=f"{prefix}ours",
            data_dir=Path(folder),
            score_deadline_s=30.0,
            overload_s=None,
        )
        kept = Kept(lines)
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
        await app.stop()
        kept.write()
        lines.write(json.dumps({"lags": kept.lags}) + "\n")


async def ready(app: CxApp) -> None:
    """Wait until it reads. Raises `EngineError` when it gives up instead."""
    waits = [asyncio.ensure_future(app.ready.wait()), asyncio.ensure_future(app.gave_up())]
    done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    for task in done:
        task.result()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(run(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
