"""The demo: bundled stories through the real pipeline, watched live, and judged at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from msgspec.structs import replace
from rich.console import Console
from rich.live import Live

from cxstream import bootstrap, replay
from cxstream.demo.expectations import Verdict, judge
from cxstream.demo.story import Story
from cxstream.demo.view import DemoView
from cxstream.engine.embedded import EmbeddedBroker
from cxstream.events import CustomerRecord, Fragment, Output, Transcript
from cxstream.listen.readers import merge_by_time
from cxstream.listen.redact import PatternRedactor
from cxstream.replay import Collected, Report
from cxstream.settings import Settings
from cxstream.understand.scorer import Scorer

_PAUSE_MAX_S = 0.5
"""The stories lie hours apart; nobody wants to wait for them."""

Shown = Transcript | CustomerRecord | Output


class Played(msgspec.Struct):
    """What a demo did: the figures, and by story whether what was expected came out of the topics."""

    report: Report
    verdicts: dict[str, list[Verdict]]

    @property
    def misses(self) -> int:
        """Essential expectations that were not met."""
        return sum(not v.met and not v.nice for story in self.verdicts.values() for v in story)


async def play(
    settings: Settings, stories: list[Story], *, speed: float | None, model: Scorer, live: bool
) -> Played:
    """Play the stories on a broker of their own; with `live` on the terminal, else as JSON lines."""
    outputs: list[Output] = []
    total = sum(len(story.arrivals) for story in stories)
    titles = {i: story.title for story in stories for i in story.conversation_ids}
    view = DemoView(total, titles)
    with EmbeddedBroker() as broker, _screen(view, live=live) as show:

        def on_output(collected: Collected) -> None:
            outputs.append(collected.record)
            show(collected.record, collected.topic)

        report = await replay.run(
            bootstrap.on_embedded(settings, broker.bootstrap_servers),
            merge_by_time(story.records() for story in stories),
            speed=speed,
            pause_max_s=_PAUSE_MAX_S,
            model=model,
            on_sent=lambda record: show(record, None),
            on_output=on_output,
        )
    verdicts = {s.title: judge(s.script, s.moments, outputs) for s in stories}
    if live:
        Console().print(view.summary(report.latencies, verdicts))
    return Played(report, verdicts)


def lines(played: Played) -> Iterator[str]:
    """The end of a demo as JSON lines: one for each story, one for the whole."""
    for title, verdicts in played.verdicts.items():
        missed = [v.text for v in verdicts if not v.met and not v.nice]
        yield _json({"type": "story", "title": title, "ok": not missed, "missed": missed})
    report = played.report
    yield _json(
        {
            "type": "summary",
            "ok": not played.misses,
            "sent": report.sent,
            "outputs": report.outputs,
            "seconds": round(report.seconds, 3),
            "latency_ms": {
                name: round(report.percentile(share) * 1000, 1)
                for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
            },
            "expectations": sum(len(v) for v in played.verdicts.values()),
            "misses": played.misses,
        }
    )


@contextmanager
def _screen(view: DemoView, *, live: bool) -> Iterator[Callable[[Shown, str | None], None]]:
    """Where records are shown: a live screen, or decisions as JSON lines on standard output."""
    if not live:
        yield _print_decision
        return
    redactor = PatternRedactor()
    with Live(view.render(), screen=True, refresh_per_second=8) as screen:

        def show(record: Shown, topic: str | None) -> None:
            if isinstance(record, Fragment):
                record = replace(record, text=redactor.redact(record.text).text)
            if not isinstance(record, CustomerRecord):
                view.take(record)
            screen.update(view.render())

        yield show


def _print_decision(record: Shown, topic: str | None) -> None:
    if topic is not None and not topic.endswith("signals"):
        entry = {"type": "output", "topic": topic, "record": msgspec.to_builtins(record)}
        sys.stdout.write(_json(entry) + "\n")


def _json(entry: object) -> str:
    return msgspec.json.encode(entry).decode()
