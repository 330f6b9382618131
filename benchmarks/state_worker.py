"""The customers' stage of a worker by itself: recovers, works off what lies on its topic, says what it took.

Started by `state_scale.py`:  state_worker.py BROKERS APP FOLDER EVENTS [--one-by-one]

Prints one JSON line. With --one-by-one state is read by Faust's own recovery.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from free_model import Always
from ours import ready
from soak import look

from cxstream.bootstrap import build, prepare_topics
from cxstream.engine import catchup
from cxstream.engine.parcels import Parcels
from cxstream.engine.place import claim
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings

STAGE = "cxstream.customers"
WARM = 500
"""Events before the clock starts: imports, caches."""
TIDY_S = 30.0


def settings(brokers: str, app: str, folder: Path) -> Settings:
    """One worker, alone with its topics."""
    return Settings(
        brokers=brokers,
        topic_prefix=f"{app}.",
        app_id=app,
        data_dir=folder,
        session_timeout_s=60.0,  # a busy machine is no reason to lose a lease here
    )


async def run(brokers: str, app_id: str, folder: Path, events: int) -> dict[str, Any]:
    """Recover, and work off so many events."""
    mine = settings(brokers, app_id, folder)
    await prepare_topics(mine)
    app = build(mine, Metrics(), Always())
    app.place = claim(mine.data_dir, mine.app_id)
    for name in list(app.agents):
        if name != STAGE:
            del app.agents[name]
    written = _count_bytes(f"{app_id}-customers-changelog")
    began, used = time.monotonic(), time.process_time()
    await app.start()
    await ready(app)
    recovery = {
        "seconds": round(time.monotonic() - began, 2),
        "cpu_s": round(time.process_time() - used, 2),
        "rows": len(app.stages["customers"].table or ()),
    }
    found: dict[str, Any] = {"recovery": recovery}
    if not events:
        found["tidied_after_s"] = _tidied(app)
    else:
        await app.progress.until(lambda p: sum(p.done.values()) >= WARM)
        used, already, sent = time.process_time(), sum(app.progress.done.values()), sum(written)
        await app.progress.until(lambda p: sum(p.done.values()) >= events)
        done = sum(app.progress.done.values()) - already
        found["event_us"] = round(1e6 * (time.process_time() - used) / done, 1)
        if sum(written) == sent:
            raise RuntimeError(
                "nothing was seen of the changelog: states are written another way now"
            )
        found["changelog_bytes_an_event"] = round((sum(written) - sent) / done)
    sample = look("self", began)
    found["resident_mib"] = round(sample.resident_mib)
    found["anonymous_mib"] = round(sample.resident_mib - sample.files_mib)
    await app.stop()
    return found


def _tidied(app: Any) -> float:
    """Wait until RocksDB has put in order what recovery wrote, which is recovery's price; so many seconds."""
    began = time.monotonic()
    while time.monotonic() - began < TIDY_S and any(
        database.rows.property_int_value(f"rocksdb.{what}")
        for database in app.stages["customers"].table._rows._open.values()
        for what in ("num-running-compactions", "compaction-pending", "num-running-flushes")
    ):
        time.sleep(0.05)
    return round(time.monotonic() - began, 2)


def _count_bytes(changelog: str) -> list[int]:
    """The sizes of what this process writes to a topic, from now on."""
    sizes: list[int] = []
    put = Parcels.put

    async def counting(
        self: Parcels, topic: str, key: bytes, value: bytes | None, **rest: Any
    ) -> None:
        if topic == changelog:
            sizes.append(len(key) + len(value or b""))
        await put(self, topic, key, value, **rest)

    Parcels.put = counting  # type: ignore[method-assign]
    return sizes


if __name__ == "__main__":
    servers, name, place, count, *flags = sys.argv[1:]
    if flags == ["--one-by-one"]:
        catchup.ENOUGH = sys.maxsize
    sys.stdout.write(json.dumps(asyncio.run(run(servers, name, Path(place), int(count)))) + "\n")
