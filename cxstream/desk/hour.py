"""The trend of the last hour: what happened in each minute, by queue."""

from __future__ import annotations

from msgspec import Struct

MINUTES = 60
_MINUTE_MS = 60_000


class Minute(Struct):
    """One minute of a queue, or of several added up."""

    said: int = 0
    valence: float = 0.0
    negative: int = 0
    escalations: int = 0
    nudges: int = 0
    accepted: int = 0
    dismissed: int = 0

    def add(self, other: Minute) -> None:
        """Add another one to this."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class MinuteView(Struct, frozen=True):
    """A minute as the chart draws it: `ago` minutes before now; `tone` is None when nobody said a thing."""

    ago: int
    said: int
    tone: float | None
    negative: int
    escalations: int
    nudges: int
    accepted: int
    dismissed: int


class Hour:
    """Minutes by tenant and queue; what is older than an hour is forgotten as time goes on."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], dict[int, Minute]] = {}

    def minute(self, tenant: str, queue: str | None, at_ms: int) -> Minute:
        """The minute to count in."""
        minutes = self._queues.setdefault((tenant, queue or ""), {})
        number = at_ms // _MINUTE_MS
        if number not in minutes:
            minutes[number] = Minute()
            if len(minutes) > 2 * MINUTES:
                for old in sorted(minutes)[:-MINUTES]:
                    del minutes[old]
        return minutes[number]

    def view(self, tenant: str, queues: tuple[str, ...] | None, clock_ms: int) -> list[MinuteView]:
        """The last hour of these queues together (None: all), oldest minute first."""
        now = clock_ms // _MINUTE_MS
        totals = [Minute() for _ in range(MINUTES)]
        for (whose, queue), minutes in self._queues.items():
            if whose != tenant or (queues is not None and queue not in queues):
                continue
            for ago in range(MINUTES):
                found = minutes.get(now - ago)
                if found is not None:
                    totals[ago].add(found)
        return [_view(ago, totals[ago]) for ago in reversed(range(MINUTES))]


def _view(ago: int, minute: Minute) -> MinuteView:
    return MinuteView(
        ago,
        minute.said,
        round(minute.valence / minute.said, 3) if minute.said else None,
        minute.negative,
        minute.escalations,
        minute.nudges,
        minute.accepted,
        minute.dismissed,
    )
