"""Whether this process may still write for the partitions it works on, by what its group last said.

Kafka's group coordinator gives a member's partitions to somebody else when it has not heard of it for the
session timeout. A process that was stopped for longer (SIGSTOP, a frozen virtual machine, a long pause of
the host) does not know that, and would write what it had in hand over the state of its successor. So each
produce request asks here first, last of all before the socket.

The lease counts from the moment an accepted heartbeat was *sent*, on a clock that runs on while the
process, or the whole machine, stands still: it ends before the coordinator's own.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiokafka.errors import RequestTimedOutError

from cxstream.errors import EngineError

_FINE, _REBALANCING = 0, 27
_RENEWING = frozenset(("HeartbeatRequest", "SyncGroupRequest"))


class Answer(Protocol):
    """A response of the coordinator."""

    error_code: int


class Coordinator(Protocol):
    """What is watched of aiokafka's group coordinator."""

    _send_req: Callable[[object], Awaitable[Answer]]
    reset_generation: Callable[[], None]


class LeaseLost(EngineError):
    """This worker was away for longer than its session; others have its partitions, and it must not write."""


class LeaseUnsure(RequestTimedOutError):  # type: ignore[misc]
    """The session may be over; whether it is, the coordinator has not said yet. Kafka's client tries again."""


class Lease:
    """The right to write; renewed by the coordinator's answers, lost when it no longer knows this member."""

    def __init__(
        self,
        session_s: float,
        rebalance_s: float,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._session_s = session_s
        self._rebalance_s = rebalance_s
        self._now = now or _now
        self._until = self._fine_at = float("-inf")
        self.lost = False
        self.refused: LeaseLost | None = None
        """Why this process ends, once a write was refused for good; whatever crashes next crashes of that."""

    def watch(self, coordinator: Coordinator) -> None:
        """Listen to what a coordinator answers. Raises `AttributeError` when aiokafka has changed."""
        ask, forget = coordinator._send_req, coordinator.reset_generation

        async def listened(request: object) -> Answer:
            sent_at = self._now()
            answer = await ask(request)
            if type(request).__name__ in _RENEWING:
                self.heard(answer.error_code, sent_at)
            return answer

        def forgotten() -> None:
            self.lost = True
            forget()

        coordinator._send_req = listened
        coordinator.reset_generation = forgotten

    def heard(self, error_code: int, sent_at: float) -> None:
        """The answer to a heartbeat, or to joining, that was sent at this time."""
        if error_code == _FINE:
            self.lost = False
            self._fine_at = sent_at
            self._until = sent_at + self._session_s
        elif error_code == _REBALANCING:
            # Who does not join in time is put out although its heart beats.
            self._until = min(sent_at + self._session_s, self._fine_at + self._rebalance_s)

    def check(self) -> None:
        """Return when writing is allowed. Raises `LeaseLost`, and `LeaseUnsure` when it may soon be again."""
        if self.lost:
            raise LeaseLost(
                "this worker was away for longer than its session and its partitions are with others;"
                " what it had in hand is not written. It ends, and can be started again at once"
            )
        if self._now() >= self._until:
            raise LeaseUnsure

    def admit(self) -> None:
        """As `check`, before a write: whom it refuses for good, ends."""
        try:
            self.check()
        except LeaseLost as refused:
            self.refused = refused
            raise


def _now() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)
