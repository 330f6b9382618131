"""What a worker does once a second: tell how far behind it is, and look whether it stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxstream.engine import looplag
from cxstream.engine.watchdog import Watchdog
from cxstream.engine.watching import EngineObserver
from cxstream.errors import EngineError

if TYPE_CHECKING:
    from cxstream.engine.app import CxApp


def tell_lag(app: CxApp, observer: EngineObserver) -> None:
    """Tell once a second how many records of each topic are not committed yet, and how late the loop runs."""

    async def tell() -> None:
        consumer = app.consumer
        lag: dict[str, int] = {}
        for tp in consumer.assignment():
            if consumer.app.topics.acks_enabled_for(tp.topic):
                committed = consumer._committed_offset.get(tp) or 0
                lag[tp.topic] = lag.get(tp.topic, 0) + max(
                    0, (consumer.highwater(tp) or 0) - committed
                )
        for topic, records in lag.items():
            observer.lag(topic, records)

    async def watch_loop() -> None:
        await looplag.watch(observer.loop_lag)

    app.timer(interval=1.0, name="lag")(tell)
    app.task(watch_loop)


def watch(app: CxApp, watchdog: Watchdog) -> None:
    """Once a second: the loop turns; and end the worker when its work comes to nothing."""

    async def look() -> None:
        app.life.beat()
        if not app.ready.is_set():
            watchdog.rest()
            return
        offsets = app.consumer._committed_offset
        committed = {
            (tp.topic, tp.partition): offsets.get(tp) or 0
            for tp in app.consumer.assignment()
            if app.topics.acks_enabled_for(tp.topic)
        }
        in_hand = {
            w.stage: w.in_hand_since for w in app.stages.values() if w.in_hand_since is not None
        }
        if why := watchdog.look(app.progress.done, committed, in_hand):
            app.life.stuck(why)
            await app.crash(EngineError(f"{why}; started anew it goes on from the last commit"))

    app.timer(interval=1.0, name="watchdog")(look)
