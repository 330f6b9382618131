"""A Prometheus of one's own: scrapes loopback, time compressed, stopped by its pid."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from brokers import ROOT, missing
from waiting import until

RULES = ROOT / "deploy" / "prometheus"


class Prometheus:
    """`with Prometheus(folder, {"job": port}) as server: ...`

    The rules are those of deploy/prometheus, with every minute made a second (`minute_s`), so that a test sees
    alerts fire and resolve.
    """

    def __init__(self, folder: Path, jobs: dict[str, int], *, minute_s: float) -> None:
        if shutil.which("prometheus") is None:
            missing("Prometheus", "apt-get install prometheus")
        self._folder = folder
        for file in RULES.glob("*.rules.yml"):
            (folder / file.name).write_text(_compressed(file.read_text("utf-8"), minute_s))
        config = {
            "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
            "rule_files": ["*.rules.yml"],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
                for job, port in jobs.items()
            ],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            self._port = door.getsockname()[1]

    def __enter__(self) -> Prometheus:
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                    "--log.level=warn",
                ],
                stdout=log,
                stderr=log,
            )
        self.wait_for(lambda: self.query("vector(1)") != [], "Prometheus to answer")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of an instant query; none while it does not answer."""
        answer = self._get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        return list(answer["data"]["result"]) if answer else []

    def firing(self) -> set[str]:
        """The alerts that fire now."""
        answer = self._get("/api/v1/alerts")
        alerts = answer["data"]["alerts"] if answer else []
        return {a["labels"]["alertname"] for a in alerts if a["state"] == "firing"}

    def wait_for(self, condition: Callable[[], bool], what: str, within_s: float = 60.0) -> None:
        """Come back when the condition holds; fails when it never does."""

        def look() -> bool:
            assert self._process.poll() is None, (self._folder / "log").read_text()
            return condition()

        until(look, what, within_s)

    def _get(self, path: str) -> dict[str, Any] | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=10) as got:
                answer: dict[str, Any] = json.load(got)
        except OSError:
            return None
        assert answer["status"] == "success", answer
        return answer


def _compressed(rules: str, minute_s: float) -> str:
    """The rules with ranges and waits in minutes and hours made short."""

    def short(match: re.Match[str]) -> str:
        minutes = int(match[2]) * (60 if match[3] == "h" else 1)
        return f"{match[1]}{max(2, round(minutes * minute_s))}s"

    return re.sub(r"(\[|for: |offset )(\d+)([mh])\b", short, rules)
