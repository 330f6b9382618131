"""What operations look at, with the real Prometheus: rules, alerts that fire and resolve, Grafana's panels."""

from __future__ import annotations

import asyncio
import json
import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from brokers import ROOT, Broker, deployed, missing
from prometheus_client import start_http_server
from prometheus_server import Prometheus

from cxstream import bootstrap, replay
from cxstream.demo.story import bundled
from cxstream.engine.feed import Record
from cxstream.settings import Settings

GRAFANA = ROOT / "deploy" / "grafana"
RULES = sorted((ROOT / "deploy" / "prometheus").glob("*.rules.yml"))
PARTS = ("", "lost-card")
"""Parts of names of the stories that go through the pipeline, one run after the other: rates need time, and a
worker tells its lag once a second."""


def generator() -> ModuleType:
    """deploy/grafana/generate.py as a module."""
    return deployed("grafana", "generate")


def promtool(*arguments: str) -> None:
    if shutil.which("promtool") is None:
        missing("promtool", "apt-get install prometheus")
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_rules() -> None:
    promtool("check", "rules", *map(str, RULES))
    promtool("check", "config", "--lint=all", str(ROOT / "deploy/prometheus/prometheus.yml"))


def test_the_alerts_say_what_they_should_when_they_should() -> None:
    promtool("test", "rules", str(ROOT / "deploy/prometheus/alerts.test.yml"))


def test_every_alert_has_a_page_to_look_at() -> None:
    page = (ROOT / "docs" / "operate.md").read_text("utf-8").lower()
    for alert in re.findall(r"- alert: (\w+)", RULES[0].read_text("utf-8")):
        assert f"### {alert.lower()}" in page, alert


def test_the_dashboards_are_what_their_lists_make() -> None:
    made = generator()
    for uid, (title, panels) in made.BOARDS.items():
        there = json.loads((GRAFANA / "dashboards" / f"{uid}.json").read_text("utf-8"))
        assert there == made.board(uid, title, panels), "run deploy/grafana/generate.py"


@pytest.fixture(scope="module")
def watched(
    embedded_broker: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Prometheus, replay.Measured]]:
    """Prometheus, having watched bundled conversations and three poison records go through the pipeline."""
    metrics = replay.Measured()
    server, thread = start_http_server(0, addr="127.0.0.1", registry=metrics.registry)
    jobs = {"cxstream-worker": server.server_port}
    folder = tmp_path_factory.mktemp("prometheus")
    try:
        with Prometheus(folder, jobs, minute_s=3) as prometheus:
            prometheus.wait_for(lambda: _value(prometheus, "up") == 1, "the first scrape")
            asyncio.run(asyncio.wait_for(_play(embedded_broker, metrics), 300))
            yield prometheus, metrics
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


async def _play(broker: Broker, metrics: replay.Measured) -> None:
    settings = Settings(
        brokers=broker.bootstrap_servers,
        embedded=True,
        topic_prefix="watched.",
        app_id="watched",
        score_deadline_s=None,
        overload_s=None,
        explain_deadline_s=None,
    )
    model = bootstrap.scorer(settings, metrics)
    for part in PARTS:
        stories = [s for s in bundled() if part in s.name]
        records: list[Record] = [record for story in stories for record in story.records()]
        records += [b"poison", b"{}"]
        await replay.run(settings, records, model=model, metrics=metrics)


def _value(prometheus: Prometheus, expression: str) -> float:
    samples = prometheus.query(expression)
    return float(samples[0]["value"][1]) if samples else math.nan


def test_an_alert_fires_and_resolves(watched: tuple[Prometheus, replay.Measured]) -> None:
    prometheus, metrics = watched
    metrics.dead_letter("not_json")
    prometheus.wait_for(lambda: "CxstreamDeadLetters" in prometheus.firing(), "the alert")
    prometheus.wait_for(lambda: "CxstreamDeadLetters" not in prometheus.firing(), "its end")
    assert "CxstreamDown" not in prometheus.firing()


def test_every_panel_has_data(watched: tuple[Prometheus, replay.Measured]) -> None:
    prometheus, _ = watched
    empty = []
    for uid, (_, panels) in generator().BOARDS.items():
        for panel in panels:
            for query in panel.queries:
                samples = prometheus.query(_at_the_time(query.expr))
                values = [float(sample["value"][1]) for sample in samples]
                if not values or all(map(math.isnan, values)):
                    empty.append(f"{uid}: {panel.title}: {query.expr}")
    assert empty == []


def _at_the_time(expression: str) -> str:
    """The best that the query showed in the last minutes: a rate is 0 or absent once nothing comes."""
    return f"max_over_time(({expression})[10m:1s])"


def test_who_does_not_answer_is_reported(
    tmp_path: Path, watched: tuple[Prometheus, replay.Measured]
) -> None:
    _, metrics = watched
    server, thread = start_http_server(0, addr="127.0.0.1", registry=metrics.registry)
    with Prometheus(tmp_path, {"cxstream-worker": server.server_port}, minute_s=2) as prometheus:
        prometheus.wait_for(lambda: _value(prometheus, "up") == 1, "the first scrape")
        server.shutdown()
        server.server_close()
        thread.join(10)
        prometheus.wait_for(lambda: "CxstreamDown" in prometheus.firing(), "the alert")
