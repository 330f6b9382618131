"""What a worker lets go of when more comes than it can carry, in which order, and when it takes it back.

    rung      from a wait of      what is let go of
    normal                        nothing
    partials  `first_s`           partials are passed over: nothing is decided by them
    light     2 x `first_s`       lighter models answer, `degraded`; no decision is explained
    agents    4 x `first_s`       what agents say is not scored; that they said it still counts

What customers say in finals is read, scored and decided on every rung: there is no fifth. Beyond the fourth it
waits in Kafka, in order.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, Literal


class Rung(IntEnum):
    """How much is let go of; a higher rung includes the lower ones."""

    NORMAL = 0
    PARTIALS = 1
    LIGHT = 2
    AGENTS = 3

    @property
    def mark(self) -> Literal["partials", "light", "agents"] | None:
        """As signals carry it: nothing on the ground."""
        return _MARKS[self]


_MARKS: Final[tuple[Literal["partials", "light", "agents"] | None, ...]] = (
    None,
    "partials",
    "light",
    "agents",
)


class Ladder:
    """Climbs while records wait too long, comes down when they do not; one rung at a time, in both directions.

    `first_s`: a wait, in seconds, from which the first rung is taken; None: never. Between two rungs up lie
    `settle_s`, so that one shows its effect before the next is taken. A rung is left when no record has
    waited half of what it is taken for, for `calm_s` on end. Who has to climb again soon came down too
    early: the next calm must be twice as long, up to `CALM_MOST` times. So a steady overload is not answered
    by swinging, and the end of one is always noticed.
    """

    CALM_MOST: Final = 8
    SOON: Final = 4
    """So many calms: who climbs again within them came down too early."""

    def __init__(
        self, first_s: float | None, *, calm_s: float = 10.0, settle_s: float = 1.0
    ) -> None:
        self._first_s = first_s
        self._base_s = self._calm_s = calm_s
        self._settle_s = settle_s
        self._rung = Rung.NORMAL
        self._climbed_s: float | None = None
        self._left_s: float | None = None
        self._quiet_since_s: float | None = None

    @property
    def rung(self) -> Rung:
        """Where it stands."""
        return self._rung

    def look(self, wait_s: float, now_s: float) -> Rung:
        """Where it stands now that the oldest record in hand has waited so long; `now_s` must not run back."""
        if self._first_s is None:
            return self._rung
        if self._rung < Rung.AGENTS and wait_s >= self._taken_at(Rung(self._rung + 1)):
            self._quiet_since_s = None
            if self._climbed_s is None or now_s - self._climbed_s >= self._settle_s:
                self._climb(now_s)
        elif self._rung > Rung.NORMAL and wait_s < self._taken_at(self._rung) / 2:
            if self._quiet_since_s is None:
                self._quiet_since_s = now_s
            elif now_s - self._quiet_since_s >= self._calm_s:
                self._come_down(now_s)
        else:
            self._quiet_since_s = None
        return self._rung

    def _taken_at(self, rung: Rung) -> float:
        assert self._first_s is not None
        return self._first_s * 2.0 ** (rung - 1)

    def _climb(self, now_s: float) -> None:
        if self._left_s is not None:
            early = now_s - self._left_s < self._calm_s * self.SOON
            longer_s = min(self._calm_s * 2, self._base_s * self.CALM_MOST)
            self._calm_s = longer_s if early else self._base_s
            self._left_s = None
        self._rung = Rung(self._rung + 1)
        self._climbed_s = now_s

    def _come_down(self, now_s: float) -> None:
        self._rung = Rung(self._rung - 1)
        self._left_s = self._quiet_since_s = now_s
