"""A `cxstream worker` as a process of its own, from when it is ready, and what it says of itself."""

from __future__ import annotations

import socket
import time
import urllib.request
from contextlib import ExitStack

from end_to_end import READY_S, running


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Worker:
    """One worker, and what it says of itself."""

    def __init__(self, stack: ExitStack) -> None:
        self._port = free_port()
        command = ("-m", "cxstream", "worker", "--metrics-port", str(self._port))
        self.process = stack.enter_context(running(*command))
        until = time.monotonic() + READY_S
        while not self._said("readyz"):
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError("a worker did not become ready")
            time.sleep(0.2)

    def done(self, stage: str = "conversations") -> float:
        """Records that a stage of it took so far."""
        lines = (self._said("metrics") or "").splitlines()
        wanted = f'cxstream_batch_records_sum{{stage="{stage}"}}'
        return next((float(line.split()[-1]) for line in lines if line.startswith(wanted)), 0.0)

    def _said(self, page: str) -> str | None:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self._port}/{page}", timeout=5
            ) as answer:
                text: str = answer.read().decode()
                return text
        except OSError:
            return None
