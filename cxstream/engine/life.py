"""What phase a worker is in, and whether a supervisor should wait, send it work, or start it anew.

    starting ─▶ recovering ─▶ running ─▶ draining
                    ▲────────────┘  (whenever partitions move)
    stuck: from anywhere; it will not get better by waiting, the process ends

Read from other threads than the loop's: plain values, each written in one step.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from cxstream.engine.lease import Lease, LeaseLost, LeaseUnsure

LOOP_SILENT_S = 30.0
"""An event loop that has not turned for so long hangs."""

_log = logging.getLogger(__name__)


class Phase(StrEnum):
    """Where a worker is between its start and its end."""

    STARTING = "starting"
    RECOVERING = "recovering"
    RUNNING = "running"
    DRAINING = "draining"
    STUCK = "stuck"


class Condition(NamedTuple):
    """What a supervisor is told. `alive` false: start it anew; `ready` false: count on others meanwhile."""

    phase: str
    alive: bool
    ready: bool
    why: str


class Life:
    """The phase of one worker, and the beat of its event loop."""

    def __init__(
        self,
        told: Callable[[str], None] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lease: Lease | None = None
        self.phase = Phase.STARTING
        self._told = told
        self._now = now
        self._why = ""
        self._beat: float | None = None
        if told is not None:
            told(self.phase)

    def enter(self, phase: Phase) -> None:
        """Another phase has begun; who drains, or is stuck, does nothing else any more."""
        if self.phase in (Phase.STUCK, phase) or (
            self.phase is Phase.DRAINING and phase is not Phase.STUCK
        ):
            return
        self.phase = phase
        _log.info("phase: %s", phase)
        if self._told is not None:
            self._told(phase)

    def stuck(self, why: str) -> None:
        """It will not get better by waiting."""
        self._why = why
        self.enter(Phase.STUCK)

    def beat(self) -> None:
        """The event loop turns."""
        self._beat = self._now()

    def condition(self) -> Condition:
        """What to tell a supervisor now."""
        if self.phase is Phase.STUCK:
            return Condition(self.phase, alive=False, ready=False, why=self._why)
        if self._beat is not None and self._now() - self._beat > LOOP_SILENT_S:
            why = f"the event loop has not turned for {self._now() - self._beat:.0f} s"
            return Condition(Phase.STUCK, alive=False, ready=False, why=why)
        if self.phase is not Phase.RUNNING:
            return Condition(self.phase, alive=True, ready=False, why="")
        try:
            if self.lease is not None:
                self.lease.check()
        except (LeaseLost, LeaseUnsure):
            why = "Kafka has not been heard of for a session; its partitions may be with others"
            return Condition(self.phase, alive=True, ready=False, why=why)
        return Condition(self.phase, alive=True, ready=True, why="")
