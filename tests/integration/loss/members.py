"""Workers as processes that can be killed, paused, filled up and started again."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

MEMBER = Path(__file__).with_name("member.py")
BOUND = Path(__file__).resolve().parents[3] / "deploy" / "kafka" / "bound.py"
"""Ends what it starts when we are killed ourselves (Linux)."""
WINDOW_S = 72.0
"""Of event time, in which decisions wait for what comes of them; a round is 16 s of it."""
SILENCE_S = 3600.0
"""By the clock of arrival, until a customer counts as silent; on the shipped models `WINDOW_S`."""
AWAY = b"this worker was away for longer than its session"
PASSES = (
    b"cxstream: no Kafka broker answers",
    b"cxstream: Kafka at ",
    b"cxstream: the engine gave up: Kafka",
    b"the group is not coordinated any more",
    b"has been working on one batch for",
    b"but its commit has stood at",
)
"""What a worker says that found no Kafka, or stood still without it, and ended; supervisors start it again."""


class Setup(NamedTuple):
    """What every worker of a session has in common."""

    brokers: str
    prefix: str
    folder: Path
    replication: int = 1
    store: str = "memory"
    session_timeout_s: float = 6.0
    drain_s: float = 20.0
    score_deadline_s: float = 0.5
    overload_s: float = 3600.0
    overload_calm_s: float = 10.0
    stall_s: float = 60.0
    static: bool = True
    stock_recovery: bool = False
    sync_fails: bool = False
    embedded: bool = False
    real: bool = False
    """Whether it runs as `cxstream worker` does, on the shipped models."""

    @property
    def silence_s(self) -> float:
        """How long a customer may say nothing before lessons are told in silence."""
        return WINDOW_S if self.real else SILENCE_S

    @property
    def app_id(self) -> str:
        """The group and the prefix of the changelogs."""
        return self.prefix.rstrip(".")


class Member:
    """One worker: its process, its folder, its log, and the mood of its model."""

    def __init__(self, setup: Setup, name: str) -> None:
        self.setup = setup
        self.name = name
        self.home = setup.folder / name
        self.home.mkdir(parents=True, exist_ok=True)
        self.log = self.home / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.mood("well")

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether it has said so since it was started."""
        return self.running and self.says(b" ready: ")

    def says(self, what: bytes) -> bool:
        """Whether its log holds this since it was started."""
        return what in self.log.read_bytes()[self._began :]

    @property
    def put_out(self) -> bool:
        """Whether it ended by itself since others have its partitions, as it should."""
        return self.exit_code == 1 and self.says(AWAY)

    @property
    def gave_up(self) -> bool:
        """Whether it ended by itself for a reason that passes, so that a supervisor has to start it again."""
        return self.put_out or (self.exit_code == 1 and any(map(self.says, PASSES)))

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None."""
        return None if self.process is None else self.process.poll()

    def start(self) -> None:
        """Start it (again)."""
        assert not self.running
        self.log.touch()
        self._began = self.log.stat().st_size
        # Through a pipe: where its disk is full it must still be able to say so.
        self.process = subprocess.Popen(
            [sys.executable, str(BOUND), sys.executable, *self._command()],
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._logging = threading.Thread(target=self._keep_log, args=(self.process,), daemon=True)
        self._logging.start()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, timeout_s: float = 60.0) -> int:
        """Wait for its end and give its exit code."""
        assert self.process is not None
        process, logging = self.process, self._logging  # a supervisor may start it anew meanwhile
        code = process.wait(timeout_s)
        logging.join()
        return code

    def end(self) -> None:
        """Make sure that it is gone, however it stands."""
        if self.running:
            self.signal(signal.SIGKILL)
            self.wait()

    def mood(self, mood: str) -> None:
        """How its model behaves from now on: `well`, `raises`, `hangs`, `waits`, `slow`, `heavy`."""
        (self.home / "mood.new").write_text(mood)
        (self.home / "mood.new").rename(self.home / "mood")

    def disk_full(self, *, full: bool) -> None:
        """Let no file of it grow beyond what it has, or let them grow again (Linux)."""
        assert self.process is not None
        most = 4096 if full else resource.RLIM_INFINITY
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def no_more_than(self, more_mb: float) -> None:
        """From now on it gets so much more memory than it has, and when it asks for more it fails (Linux)."""
        assert self.process is not None
        most = round((self.memory_mb("VmData") + more_mb) * 1024 * 1024)
        resource.prlimit(self.process.pid, resource.RLIMIT_DATA, (most, most))

    def memory_mb(self, what: str = "VmRSS") -> float:
        """What it holds in memory: resident (`VmRSS`), or its own, whether used or not (`VmData`) (Linux)."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return int(re.findall(rf"{what}:\s+(\d+)", status)[0]) / 1024

    def _keep_log(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with self.log.open("ab", buffering=0) as log, process.stdout:
            for line in process.stdout:
                log.write(line)

    def _command(self) -> list[str]:
        return ["-m", "cxstream", "worker"] if self.setup.real else [str(MEMBER)]

    def _environment(self) -> dict[str, str]:
        setup = self.setup
        given = {
            "BROKERS": setup.brokers,
            "TOPIC_PREFIX": setup.prefix,
            "APP_ID": setup.app_id,
            "REPLICATION": setup.replication,
            "STORE": setup.store,
            "DATA_DIR": self.home / "data",
            "SESSION_TIMEOUT_S": setup.session_timeout_s,
            "DRAIN_S": setup.drain_s,
            "METRICS_PORT": 0,
            "SCORE_DEADLINE_S": setup.score_deadline_s,
            "OVERLOAD_S": setup.overload_s,
            "OVERLOAD_CALM_S": setup.overload_calm_s,
            "STALL_S": setup.stall_s,
            "EMBEDDED": setup.embedded,
            "OUTCOME_WINDOW_H": WINDOW_S / 3600,
            "EXPIRE_BY_CLOCK": False,  # the control is played at another time of day
        }
        if setup.static and not setup.embedded:
            given["INSTANCE_ID"] = f"{setup.app_id}-{self.name}"
        return {
            **os.environ,
            **{f"CXSTREAM_{name}": str(value) for name, value in given.items()},
            "LOSS_MOOD": str(self.home / "mood"),
            "LOSS_SILENCE_MS": str(int(SILENCE_S * 1000)),
            "LOSS_SYNC_FAILS": "1" if setup.sync_fails else "",
            "LOSS_STOCK_RECOVERY": "1" if setup.stock_recovery else "",
        }
