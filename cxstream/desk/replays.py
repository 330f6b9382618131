"""Signatures that were accepted, so that nobody sends them a second time."""

from __future__ import annotations

from collections import OrderedDict

from cxstream.connectors.proof import REPLAY_S

MOST = 100_000
"""A busy hour of one process; beyond it the oldest are forgotten, and ids still tell what came twice."""


class Replays:
    """Remembers marks for `REPLAY_S` seconds, in this process."""

    def __init__(self) -> None:
        self._accepted: OrderedDict[tuple[str, str], int] = OrderedDict()

    def seen(self, endpoint: str, mark: str, now_ms: int) -> bool:
        """Whether a delivery with this mark was accepted before."""
        at_ms = self._accepted.get((endpoint, mark))
        return at_ms is not None and now_ms - at_ms <= REPLAY_S * 1000

    def accepted(self, endpoint: str, mark: str, now_ms: int) -> None:
        """Remember a mark; only of what Kafka has, so that the sender may retry what it has not."""
        self._accepted[endpoint, mark] = now_ms
        while len(self._accepted) > MOST:
            self._accepted.popitem(last=False)
