"""The three pages of a worker's port."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from cxstream.engine.life import Life, Phase
from cxstream.errors import SettingsError
from cxstream.observe.metrics import Metrics
from cxstream.observe.serving import serve


def ask(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read()


def condition(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)
    return found


def test_health_and_readiness_follow_the_phase() -> None:
    metrics = Metrics()
    life = Life(metrics.phase)
    port = serve(metrics.registry, "127.0.0.1", 0, life.condition)
    assert ask(port, "/healthz")[0] == 200
    status, body = ask(port, "/readyz")
    assert (status, condition(body)["phase"]) == (503, "starting")
    life.enter(Phase.RUNNING)
    assert ask(port, "/readyz")[0] == 200
    assert b'cxstream_worker_phase{cxstream_worker_phase="running"} 1.0' in ask(port, "/metrics")[1]
    life.stuck("a commit stands still")
    for path in ("/healthz", "/readyz"):
        status, body = ask(port, path)
        assert (status, condition(body)["why"]) == (503, "a commit stands still")


def test_a_port_that_is_taken() -> None:
    metrics = Metrics()
    port = serve(metrics.registry, "127.0.0.1", 0, None)
    with pytest.raises(SettingsError, match="cannot be served"):
        serve(metrics.registry, "127.0.0.1", port, None)
