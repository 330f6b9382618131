"""An agent's attention: how often, how many at once, how long, and when a card goes away again.

What was given is a tuple of `Given` that the caller keeps in the customer's state. It is bounded: of each
rule, conversation and kind only the latest is kept, of all of them the newest `GIVEN_MAX`, none for
longer than thirty days. Time is the event time of the moment. A moment may be older than what was given
already (it came late): then whatever is in force after it counts as in force, so that no more cards than
allowed are ever live at once, and cards shown later than the moment are left alone.
"""

from __future__ import annotations

from msgspec.structs import replace

from cxstream.context.customer import GIVEN_MAX
from cxstream.context.given import Given
from cxstream.decide.playbook import Rule

LIVE_MAX = 3
"""Nudges that an agent may have on the screen of one conversation."""

NEW_MAX = 2
"""Nudges that one moment may add: nobody reads three cards that appear together."""

_KEPT_MS = 30 * 86_400_000


class Attention:
    """What may be given to one customer at one moment; takes note of what is given and withdrawn.

    Decisions are made for the customer: a `place` is the conversation in which something is given, which is
    the moment's own unless another is named.
    """

    def __init__(self, given: tuple[Given, ...], conversation_id: str, at_ms: int) -> None:
        self._given = list(given)
        self._conversation_id = conversation_id
        self._at_ms = at_ms
        self._latest_ms = max(
            (g.at_ms for g in given if g.conversation_id == conversation_id), default=at_ms
        )
        self._new = 0

    def in_force(self, place: str | None = None) -> list[Given]:
        """What holds in a conversation now or at a later moment already seen; oldest first."""
        place = place or self._conversation_id
        return [g for g in self.in_force_anywhere() if g.conversation_id == place]

    def in_force_anywhere(self) -> list[Given]:
        """What holds now, in all of the customer's conversations."""
        return [g for g in self._given if g.until_ms > self._at_ms and not g.withheld]

    def shown(self, place: str | None = None) -> list[Given]:
        """The nudges on the agent's screen that may still be taken away at this moment; oldest first."""
        return [g for g in self.in_force(place) if g.kind == "nudge" and g.at_ms <= self._at_ms]

    def shown_elsewhere(self) -> list[Given]:
        """The nudges on the screens of the customer's other conversations."""
        return [
            g
            for g in self.in_force_anywhere()
            if g.kind == "nudge"
            and g.at_ms <= self._at_ms
            and g.conversation_id != self._conversation_id
        ]

    def seconds_since(self) -> dict[str, int]:
        """Whole seconds since each rule last gave something in this conversation; never negative."""
        return {
            g.rule: max(0, self._at_ms - g.at_ms) // 1000
            for g in self._given
            if g.conversation_id == self._conversation_id and not g.withheld
        }

    def refusal(self, rule: Rule, kind: str, pace: int, place: str | None = None) -> str | None:
        """Why a rule may not give this now; None when it may. What comes before the colon is fixed."""
        place = place or self._conversation_id
        same = [g for g in self._given if g.rule == rule.id and g.kind == kind]
        here = [g for g in same if g.conversation_id == place]
        if rule.once_per == "conversation" and here:
            return "given once: this conversation had it already"
        if rule.once_per == "customer" and same:
            return "given once: this customer had it already"
        for g in same if kind == "action" else here:
            away_s = abs(self._at_ms - g.at_ms) // 1000
            if g.until_ms > self._at_ms:
                return f"in force: given {away_s} s {self._side(g)}"
            if self._at_ms - g.at_ms < rule.cooldown_s * 1000 * pace:
                return f"cool-down: given {away_s} s {self._side(g)}, at most every {rule.cooldown_s * pace} s"
        if kind == "nudge" and self._at_ms + rule.valid_for_s * 1000 * pace <= self._latest_ms:
            return "too late: the conversation has moved on"
        return None

    def is_full(self, place: str | None = None) -> str | None:
        """Why no further nudge may be shown, before anyone makes room; None when there is room."""
        if self._new >= NEW_MAX:
            return f"attention: this moment has shown {self._new} nudges already"
        live = sum(g.kind == "nudge" for g in self.in_force(place))
        return f"attention: {live} nudges are live already" if live >= LIVE_MAX else None

    def has_new_left(self) -> bool:
        """Whether this moment may add another nudge."""
        return self._new < NEW_MAX

    def give(self, given: Given) -> None:
        """Note that something is given now; its end is never before its beginning."""
        self._new += given.kind == "nudge" and not given.withheld
        self._put(replace(given, until_ms=max(given.until_ms, self._at_ms)))

    def withdraw(self, given: Given) -> None:
        """Note that a nudge leaves the screen now."""
        self._put(replace(given, until_ms=self._at_ms))

    def after(self) -> tuple[Given, ...]:
        """What was given up to and with this moment, oldest first; old ones are forgotten."""
        horizon = max((g.at_ms for g in self._given), default=0) - _KEPT_MS
        kept = [g for g in self._given if max(g.at_ms, g.until_ms) > horizon]
        kept.sort(key=lambda g: (g.at_ms, g.decision_id))
        return tuple(kept[-GIVEN_MAX:])

    def _put(self, given: Given) -> None:
        """Take a Given in place of the earlier of its rule, conversation and kind."""
        self._given = [*(g for g in self._given if not _replaces(given, g)), given]

    def _side(self, given: Given) -> str:
        return "ago" if given.at_ms <= self._at_ms else "later"


def _replaces(new: Given, old: Given) -> bool:
    return (new.rule, new.conversation_id, new.kind) == (old.rule, old.conversation_id, old.kind)
