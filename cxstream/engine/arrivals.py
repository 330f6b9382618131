"""When records arrived, whatever the clocks of their producers say.

Kafka stamps a record with its producer's clock. One that runs a day ahead would make every other conversation
of its partition look silent for a day, and end them all. So a worker holds stamps against its own clock.
A replay has none: there the recording's clock is the clock.
"""

from __future__ import annotations

from collections.abc import Callable

AHEAD_MS = 60_000
"""How far a producer's stamp may be ahead of ours: machines are seldom further apart."""


class Arrivals:
    """Reads stamps; `clock` gives seconds since the epoch, None believes every stamp."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock

    def ms(self, timestamp_s: float) -> int:
        """The arrival of a record with this stamp, epoch milliseconds: the stamp, or now where it cannot be."""
        stamp_ms = int(timestamp_s * 1000)
        if self._clock is None:
            return stamp_ms
        now_ms = int(self._clock() * 1000)
        return stamp_ms if stamp_ms <= now_ms + AHEAD_MS else now_ms
