"""What the pages on connecting say works as pasted, and their table is the registry's."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest
from brokers import missing
from desk_support import Desk

from cxstream.connectors import registry
from cxstream.connectors.connector import EXPERIMENTAL
from cxstream.events import Fragment

ROOT = Path(__file__).resolve().parent.parent.parent
CONNECT = (ROOT / "docs" / "connect.md").read_text("utf-8")
CONNECTORS = (ROOT / "docs" / "connectors.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


LOOK = f"""
import sys
sys.path[:0] = [{str(ROOT / "tests")!r}, {str(ROOT / "tests" / "integration")!r}]
from browser import chromium
from playwright.sync_api import expect
with chromium() as browser:
    page = browser.new_page()
    page.goto(sys.argv[1])
    expect(page.locator("article.card blockquote").first).not_to_be_empty(timeout=60_000)
    expect(page.get_by_role("log")).to_contain_text("My card is [CARD]")
    print(page.locator("article.card").first.inner_text())
"""
"""The stranger looks at the page that the fourth step opens."""


def test_from_nothing_to_a_nudge(tmp_path: Path) -> None:
    """Every command of the page but the installation, in one shell, with ports that are free."""
    for part in ("curl", "kcat", "chromium"):
        if shutil.which(part) is None:
            missing(part, "install it: who follows the page uses it")
    steps = blocks(CONNECT, "sh")
    assert len(steps) == 8
    (tmp_path / "look.py").write_text(LOOK)
    steps[4] += 'python look.py "$DESK/agent#$TOKEN" >looked.txt\n'
    script = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "\n".join(
        f"echo '--- {number}'; date +%T >&2\n{step}" for number, step in enumerate(steps)
    )
    script = script.replace("8080", str(free_port())).replace("9108", str(free_port()))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-m", "-c", script],
        cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=540,
        check=False,
    )  # fmt: skip
    logs = "".join(f"\n{log.name}:\n{log.read_text()[-2000:]}" for log in tmp_path.glob("*.log"))
    assert done.returncode == 0, done.stdout + done.stderr + logs
    told = done.stdout.split("--- ")[1:]
    assert "/agent#ey" in told[2]
    assert json.loads(told[3].partition("\n")[2])["accepted"] == 3
    nudge = json.loads(told[4].partition("\n")[2])
    assert (nudge["conversation_id"], nudge["agent_id"]) == ("acme:c-17", "a-7")
    assert "Why" in (tmp_path / "looked.txt").read_text()
    straight = json.loads(told[5].partition("\n")[2].splitlines()[-1])
    assert (straight["kind"], straight["conversation_id"]) == ("utterance", "acme:c-18")
    assert json.loads(told[6].partition("\n")[2].splitlines()[-1])["accepted"] == 1
    assert "4111 1111" not in done.stdout


def test_the_table_of_connectors_is_the_registrys() -> None:
    assert registry.markdown() in CONNECTORS, "paste what `cxstream connectors --markdown` prints"


def test_the_readme_says_of_each_connector_what_it_is_worth() -> None:
    for name in registry.names():
        connector = registry.connector(name)
        line = next((line for line in README.splitlines() if f"`{name}`" in line), "")
        assert (EXPERIMENTAL in line) is (connector.status == EXPERIMENTAL), name
        assert line, f"the README does not name {name}"


def test_a_connector_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's connector, under a hundred lines, as another package brings it."""
    [source] = blocks(CONNECTORS, "python")
    assert len(source.splitlines()) < 100
    package = ModuleType("acme_cxstream")
    monkeypatch.setitem(sys.modules, "acme_cxstream", package)
    exec(compile(source, "acme_cxstream.py", "exec"), package.__dict__)
    entry = EntryPoint("acme", "acme_cxstream:CONNECTOR", registry.GROUP)
    installed = {**registry._installed(), "acme": entry}
    monkeypatch.setattr(registry, "_installed", lambda: installed)
    registry.connector.cache_clear()
    desk = Desk(secrets={"acme": "shared"})
    [payload] = blocks(CONNECTORS, "json")

    def signed(body: str) -> dict[str, str]:
        digest = hmac.new(b"shared", body.encode(), hashlib.sha256).hexdigest()
        return {"X-Acme-Signature": f"sha256={digest}"}

    async def send(body: str, headers: dict[str, str]) -> int:
        async with desk.client() as client:
            answer = await client.post("/v1/connect/acme", content=body, headers=headers)
            return answer.status_code

    try:
        assert asyncio.run(send(payload, signed(payload))) == 202
        assert asyncio.run(send(payload, {})) == 401
        assert asyncio.run(send("{}", signed("{}"))) == 422
    finally:
        registry.connector.cache_clear()
    [record] = desk.written.records
    assert isinstance(record, Fragment)
    assert (record.conversation_id, record.text) == ("acme:77", "I was charged twice")


def test_links_lead_somewhere() -> None:
    for page in (CONNECT, CONNECTORS):
        for link in re.findall(r"\]\(([^)#]+)\)", page):
            assert link.startswith("https://") or (ROOT / "docs" / link).exists(), link
