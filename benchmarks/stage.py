"""One stage of cxstream by itself, without a model: processor time an event, in microseconds.

Started by `engine_cost.py`:  stage.py BROKERS PREFIX conversations|customers|counting COUNT

Everything of the stage is there: fetch, decode, state loaded, stepped and written with its changelog, outputs,
marking as done (Faust commits twice a second). The model's place is taken by a reading that is always the same.
`counting` is the engine with the work of its peers (see `counting.py`).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from counting import CountingAgent
from free_model import Always
from ours import ready

from cxstream.bootstrap import build, prepare_topics
from cxstream.engine.app import attach
from cxstream.engine.place import claim
from cxstream.engine.topics import Topics
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings


async def run(brokers: str, prefix: str, stage: str, count: int) -> float:
    """Work off the topic; microseconds an event."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            brokers=brokers,
            topic_prefix=prefix,
            app_id=f"{prefix}{stage}",
            data_dir=Path(folder),
            overload_s=None,  # all of it has waited: a lighter model's time would be counted
        )
        await prepare_topics(settings)
        app = build(settings, Metrics(), Always())
        app.place = claim(settings.data_dir, settings.app_id)
        if stage == "counting":
            listening = app.stages["conversations"]
            assert listening.table is not None
            # on the same desk and table as an agent of the product, which is not started
            agent = CountingAgent(listening._desk, listening.table)
            attach(app, Topics(prefix).transcripts, agent)
        for name in list(app.agents):
            if name != f"cxstream.{stage}":
                del app.agents[name]
        await app.start()
        await ready(app)
        began, already = time.process_time(), sum(app.progress.done.values())
        await app.progress.until(lambda progress: sum(progress.done.values()) >= count)
        spent = time.process_time() - began
        await app.stop()
    return 1e6 * spent / (count - already)


if __name__ == "__main__":
    servers, topics, part, events = sys.argv[1:]
    cost = asyncio.run(run(servers, topics, part, int(events)))
    sys.stdout.write(f"{cost:.1f}\n")
