"""What the desk needs of the world, as Protocols; `bootstrap` gives it the real ones."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from cxstream.events import Trace, Transcript


class Service(Protocol):
    """Something that runs as long as the application does."""

    async def start(self) -> None:
        """Called once, before the first request. An error here ends the process."""

    async def stop(self) -> None:
        """Called once, after the last request; finishes what is in hand."""


class TranscriptWriter(Protocol):
    """Writes to `cx.transcripts`, keyed by the conversation; implemented by `engine.transcripts`."""

    async def write(self, record: Transcript, trace: Trace | None = None) -> Awaitable[None]:
        """Hand one record over; the awaitable that this gives is done when Kafka has it.

        It carries on the trace of the request that brought it.

        Records of one conversation keep the order of the calls. Both awaits raise `EngineError` when Kafka
        does not take it in time: the caller is told, and sends it again.
        """


class Readiness(Protocol):
    """A part that requests depend on."""

    async def trouble(self) -> str | None:
        """Why it can't serve now, in words without secrets; None when it can."""


class DeskObserver(Protocol):
    """Who counts what the desk does; implemented by `observe.desk_metrics`."""

    def received(self, connector: str, outcome: str) -> None:
        """A record came in: `accepted`, or the reason why not (see `listen.faults.REASONS`)."""

    def rejected(self, connector: str, status: int) -> None:
        """A whole delivery was refused, with this HTTP status."""

    def redacted(self, kind: str, count: int) -> None:
        """Something personal was masked at the door."""

    def written_after(self, seconds: float) -> None:
        """Kafka had a record this long after it was read."""

    def sockets(self, change: int) -> None:
        """An ingest socket was opened (1) or closed (-1)."""
