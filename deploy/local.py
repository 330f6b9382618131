"""The whole loop on this machine without containers: the processes of compose.yaml, started and stopped as one.

    .venv/bin/python deploy/local.py                      # until Ctrl-C; needs Java and Maven, as the tests do
    .venv/bin/python deploy/local.py --brokers HOST:PORT  # on a Kafka that is there

Starts Kafka, two workers, the desk, the demo CRM, an executor, Prometheus where it is installed, and traffic
from the bundled conversations, and prints where they are as one line of JSON. Logs lie in one folder. Every
process is stopped by its pid, newest first. For a trial only: plain text, made-up secrets.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "deploy" / "kafka"))
HOST = "127.0.0.1"
STOP_WITHIN_S = 30.0


class Processes:
    """What was started; stopped in reverse order on leaving."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, *command: str, **environment: str) -> None:
        """Start a process whose output goes to a log of its own."""
        with (self._logs / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
            )
        self._running.append((name, process))

    def ended(self) -> str | None:
        """The name of a process that ended by itself."""
        return next((name for name, process in self._running if process.poll() is not None), None)

    def stop(self) -> None:
        """Ask each to stop, newest first; kill what does not."""
        for _, process in reversed(self._running):
            process.terminate()
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main() -> int:
    """Run until Ctrl-C, SIGTERM, or the end of a process that should not end."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--brokers", metavar="HOST:PORT", help="a Kafka that is there")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--logs", type=Path, help="default: a new folder")
    given = parser.parse_args()
    logs: Path = given.logs or Path(tempfile.mkdtemp(prefix="cxstream-"))
    logs.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        brokers = given.brokers or _kafka(stack, logs)
        processes = Processes(logs)
        stack.callback(processes.stop)
        _start(processes, brokers, logs, given.workers)
        while not stop.wait(0.5):
            if name := processes.ended():
                print(f"{name} has ended; see {logs / name}.log", flush=True)  # noqa: T201
                return 1
    return 0


def _kafka(stack: ExitStack, logs: Path) -> str:
    from cluster import Cluster

    return str(stack.enter_context(Cluster(logs / "kafka", brief=False)).bootstrap_servers)


def _start(processes: Processes, brokers: str, logs: Path, workers: int) -> None:
    cxstream = str(Path(sys.executable).with_name("cxstream"))
    signs = {name: secrets.token_urlsafe(32) for name in ("INGEST", "DESK", "CRM")}
    common = {
        "CXSTREAM_BROKERS": brokers,
        **{f"CXSTREAM_SECRET_{name}": sign for name, sign in signs.items()},
    }
    asked = [cxstream, "topics", "create"]
    subprocess.run(asked, env={**os.environ, **common}, check=True, stdout=sys.stderr)  # noqa: S603
    desk, crm, executor, *metrics = _free_ports(3 + workers)
    for number, port in enumerate(metrics, 1):
        processes.start(
            f"worker-{number}", cxstream, "worker", "--metrics-port", str(port),
            **common, CXSTREAM_INSTANCE_ID=f"local-{number}", CXSTREAM_DATA_DIR=str(logs / f"state-{number}"),
        )  # fmt: skip
    processes.start("desk", cxstream, "desk", "--port", str(desk), **common)
    demo_crm = ROOT / "deploy" / "demo-crm"
    processes.start(
        "crm", sys.executable, str(demo_crm / "crm.py"), "--port", str(crm), "--data", str(logs / "crm.sqlite"),
        CRM_TOKEN=signs["CRM"],
    )  # fmt: skip
    processes.start(
        "executor", cxstream, "executor", "--config", str(demo_crm / "executor.yaml"),
        "--metrics-port", str(executor), **common, CRM_URL=f"http://{HOST}:{crm}",
    )  # fmt: skip
    processes.start("traffic", cxstream, "demo", "--onto", brokers, **common)
    say = {"brokers": brokers, "desk": f"http://{HOST}:{desk}", "crm": f"http://{HOST}:{crm}"}
    if shutil.which("prometheus"):
        say["prometheus"] = _prometheus(
            processes, logs, {"worker": metrics, "desk": [desk], "executor": [executor]}
        )
    say |= {"ingest_token": signs["INGEST"], "logs": str(logs)}
    print(json.dumps(say), flush=True)  # noqa: T201


def _prometheus(processes: Processes, logs: Path, jobs: dict[str, list[int]]) -> str:
    folder = logs / "prometheus"
    shutil.copytree(ROOT / "deploy" / "prometheus", folder, dirs_exist_ok=True)
    config = {
        "global": {"scrape_interval": "5s", "evaluation_interval": "5s"},
        "rule_files": ["*.rules.yml"],
        "scrape_configs": [
            {
                "job_name": f"cxstream-{job}",
                "static_configs": [{"targets": [f"{HOST}:{port}" for port in ports]}],
            }
            for job, ports in jobs.items()
        ],
    }
    (folder / "local.yml").write_text(json.dumps(config))
    [port] = _free_ports(1)
    processes.start(
        "prometheus", "prometheus", f"--config.file={folder / 'local.yml'}",
        f"--storage.tsdb.path={logs / 'tsdb'}", f"--web.listen-address={HOST}:{port}",
    )  # fmt: skip
    return f"http://{HOST}:{port}"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        doors = [held.enter_context(socket.socket()) for _ in range(count)]
        for door in doors:
            door.bind((HOST, 0))
        return [int(door.getsockname()[1]) for door in doors]


if __name__ == "__main__":
    sys.exit(main())
