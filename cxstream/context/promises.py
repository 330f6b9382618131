"""What a customer was promised in words, and whether it was kept: what the next agent must know."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

PROMISES_MAX = 32


class Promise(Struct, frozen=True, array_like=True):
    """One promise; times are UTC epoch milliseconds of event time.

    `what` is its kind (`call_back`, `refund`, ...; see `execute.promises`), `text` the words it was made in,
    after redaction, `by` the agent. `kept_ms` and `withdrawn_ms` are 0 while it is open.
    """

    id: str
    what: str
    conversation_id: str
    fragment_id: str
    text: str
    said_ms: int
    due_ms: int
    by: str = ""
    kept_ms: int = 0
    withdrawn_ms: int = 0

    @property
    def open(self) -> bool:
        """Whether somebody still has to do it."""
        return not self.kept_ms and not self.withdrawn_ms

    def late(self, now_ms: int) -> bool:
        """Whether it should have been done by now."""
        return self.open and now_ms > self.due_ms

    def keep(self, at_ms: int) -> Promise:
        """It was done."""
        return replace(self, kept_ms=at_ms) if self.open else self

    def withdraw(self, at_ms: int) -> Promise:
        """What was heard was corrected: it was not said."""
        return replace(self, withdrawn_ms=at_ms) if self.open else self


Promises = tuple[Promise, ...]


def joined(some: Iterable[Promise], more: Iterable[Promise]) -> Promises:
    """Two sets of promises as one, oldest first; of two with one id the settled one holds, else the second.

    The oldest settled ones leave over the limit, then the oldest.
    """
    by_id: dict[str, Promise] = {}
    for promise in (*some, *more):
        held = by_id.get(promise.id)
        if held is None or held.open:
            by_id[promise.id] = promise
    kept = sorted(by_id.values(), key=lambda p: (p.said_ms, p.id))
    while len(kept) > PROMISES_MAX:
        kept.remove(next((p for p in kept if not p.open), kept[0]))
    return tuple(kept)


def within(promises: Promises, horizon_ms: int) -> Promises:
    """The promises that were made, due or settled after a moment."""
    return tuple(
        p for p in promises if max(p.said_ms, p.due_ms, p.kept_ms, p.withdrawn_ms) > horizon_ms
    )
