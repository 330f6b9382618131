"""deploy/kafka: what a person types, what it prints, and that nothing of it is left behind."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from brokers import ROOT, missing, why_no_kafka

from cxstream.engine.provision import ensure_topics, list_topics
from cxstream.engine.topics import TopicSpec

SCRIPT = ROOT / "deploy" / "kafka" / "kafka.py"
pytestmark = pytest.mark.kafka


@pytest.fixture(autouse=True)
def _kafka_is_there() -> None:
    if lacking := why_no_kafka():
        missing("Apache Kafka", lacking)


@contextmanager
def _started(data: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, str(SCRIPT), "start", "--data", str(data), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None and process.stderr is not None
        try:
            servers = process.stdout.readline().strip()
            assert servers, process.stderr.read()
            yield process, servers
        finally:
            process.terminate()


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=120
    )


def _deserted(servers: str) -> bool:
    for server in servers.split(","):
        host, _, port = server.partition(":")
        with socket.socket() as door:
            if door.connect_ex((host, int(port))) == 0:
                return False
    return True


def _until_deserted(servers: str) -> None:
    until = time.monotonic() + 30
    while not _deserted(servers):
        assert time.monotonic() < until, f"{servers} still listens"


def test_three_brokers_keep_three_replicas_and_go_on_sigterm(tmp_path: Path) -> None:
    specs = [TopicSpec("replicated", 3_600_000)]
    with _started(tmp_path, "--brokers", "3") as (process, servers):
        assert len(servers.split(",")) == 3
        made = ensure_topics(servers, specs, partitions=3, replication=3, embedded=False)
        assert asyncio.run(made) == ["replicated"]
        [state] = asyncio.run(list_topics(servers, specs))
        assert (state.partitions, state.replication) == (3, 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert _deserted(servers)


def test_a_broker_ends_with_its_killed_parent_and_its_topics_are_there_again(
    tmp_path: Path,
) -> None:
    specs = [TopicSpec("kept", 3_600_000)]
    with _started(tmp_path) as (process, servers):
        made = ensure_topics(servers, specs, partitions=2, replication=1, embedded=False)
        assert asyncio.run(made) == ["kept"]
        process.kill()
        process.wait()
        _until_deserted(servers)
    with _started(tmp_path) as (process, again):
        assert again == servers
        [state] = asyncio.run(list_topics(servers, specs))
        assert (state.partitions, state.led) == (2, True)
        assert "is in use" in _run("start", "--data", str(tmp_path)).stderr
        stopped = _run("stop", "--data", str(tmp_path))
        assert (stopped.returncode, process.wait(30)) == (0, 0), stopped.stderr
    assert _deserted(servers)


def test_without_java_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = _run("start", "--data", str(tmp_path / "kafka"))
    assert said.returncode == 1
    assert "apt-get install default-jre-headless" in said.stderr


def test_a_kafka_home_without_jars_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KAFKA_HOME", str(tmp_path))
    said = _run("resolve")
    assert said.returncode == 1
    assert str(tmp_path) in said.stderr
