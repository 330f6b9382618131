"""Actions that were asked for and that the agent who accepted them may still take back, within a day."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from cxstream.events import Action, to_ms

DOING_MAX = 8
KEPT_MS = 86_400_000
"""How long after it was asked for an action may be taken back: back offices know their keys that long."""


class Doing(Struct, frozen=True, array_like=True):
    """An action, as its executor was told of it; whether it is known to be done, and not wanted any more.

    `keeps` is the kind of promise in words that it keeps, once it is done; `by` who does not want it.
    """

    action: Action
    done: bool = False
    unwanted: bool = False
    by: str = ""
    keeps: str = ""


def kept(doing: Iterable[Doing], now_ms: int = 0) -> tuple[Doing, ...]:
    """The newest of them, one of each action; those of more than a day ago are forgotten."""
    newest = {one.action.id: one for one in doing}
    young = [one for one in newest.values() if to_ms(one.action.event_time) > now_ms - KEPT_MS]
    young.sort(key=lambda one: (one.action.event_time, one.action.id))
    return tuple(young[-DOING_MAX:])
