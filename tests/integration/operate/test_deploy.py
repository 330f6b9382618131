"""What stands in deploy/ is what its tools take, names settings and commands that exist, and runs."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from brokers import ROOT, Broker, missing
from typer.main import get_command

from cxstream.cli import app
from cxstream.settings import Settings

DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
MANIFESTS = [
    path
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    if path.name not in ("kustomization.yaml", "scaling.yaml")  # not of Kubernetes' own kinds
]


def tool(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_is_clean() -> None:
    tool(str(BIN / "hadolint"), "deploy/Dockerfile")


def test_what_the_dockerfile_copies_is_let_through() -> None:
    """Nothing goes into the build but what .dockerignore names, so a script it forgets ends the build."""
    let = [
        line[1:].removesuffix("/**")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    ]
    copied = [
        source
        for line in (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    assert "deploy/setup.sh" in copied
    assert [source for source in copied if source not in let] == []


def test_compose_keeps_to_its_schema() -> None:
    tool(
        str(BIN / "check-jsonschema"),
        "--builtin-schema",
        "vendor.compose-spec",
        "deploy/compose.yaml",
    )


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_kubernetes_takes_the_manifests(path: Path) -> None:
    tool(str(BIN / "kubernetes-validate"), "-k", "1.33", "--strict", str(path))


def test_kustomize_lists_what_is_there() -> None:
    listed = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text("utf-8"))
    assert sorted(listed["resources"]) == [path.name for path in MANIFESTS]


def test_systemd_takes_the_units() -> None:
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze", "apt-get install systemd")
    units = sorted(map(str, (DEPLOY / "systemd").glob("*.service")))
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert said == [], "only the program is missing where it is not installed"


def test_every_setting_that_is_named_exists() -> None:
    names = {
        name
        for path in DEPLOY.rglob("*")
        if path.suffix in (".yaml", ".yml", ".service", "") and path.is_file()
        and "target" not in path.parts
        for name in re.findall(r"\bCXSTREAM_([A-Z_]+)", path.read_text("utf-8"))
    }  # fmt: skip
    unknown = {name for name in names if not name.startswith("SECRET_")} - {
        field.upper() for field in Settings.model_fields
    }
    assert unknown - {"TEST_BROKERS"} == set()


def test_every_command_that_is_run_exists() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    ours = [s for s in compose["services"].values() if s["image"] == "cxstream"]
    commands = [service["command"] for service in ours if "command" in service]
    for path in MANIFESTS:
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            template = document.get("spec", {}).get("template", {}).get("spec", {})
            commands += [container["args"] for container in template.get("containers", ())]
    for unit in (DEPLOY / "systemd").glob("*.service"):
        [line] = re.findall(r"^ExecStart=\S+ (.*)$", unit.read_text("utf-8"), re.MULTILINE)
        commands.append(line.split())
    known = get_command(app).commands  # type: ignore[attr-defined]
    assert len(commands) >= 10
    assert {command[0] for command in commands} <= set(known)


@pytest.mark.kafka
def test_the_same_processes_run_without_containers(kafka_broker: Broker, tmp_path: Path) -> None:
    script = [sys.executable, str(DEPLOY / "local.py"), "--brokers", kafka_broker.bootstrap_servers]
    with subprocess.Popen(
        [*script, "--workers", "1", "--logs", str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            where = json.loads(process.stdout.readline())
            assert where["brokers"] == kafka_broker.bootstrap_servers
            tail = [
                str(BIN / "cxstream"),
                "tail",
                "nudges",
                "--from-start",
                "--count",
                "1",
                "--json",
            ]
            seen = subprocess.run(
                [*tail, "--brokers", where["brokers"]],
                capture_output=True,
                timeout=240,
                check=True,
            )
            assert json.loads(seen.stdout)["agent_id"]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0
    logs = {path.stem for path in tmp_path.glob("*.log")}
    assert {"worker-1", "desk", "crm", "executor", "traffic"} <= logs
