"""Everything remembered about one person: windows, contacts on every channel, decisions in force.

A customer who is not known yet is kept under the conversation's id; when the customer becomes known that
state moves, as a `CarryOver` event, and what comes to the old key is forwarded from then on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec import Struct, field

from cxstream.context import doing
from cxstream.context.contact import Contact
from cxstream.context.doing import Doing
from cxstream.context.given import Given
from cxstream.context.notes import Notes, together
from cxstream.context.pending import Pending, awaited
from cxstream.context.promises import Promise, joined, within
from cxstream.context.standing import Standing
from cxstream.context.windows import SPANS_MS, Windows
from cxstream.errors import RecordError
from cxstream.events import Action

CONTACTS_MAX = 24
GIVEN_MAX = 64
MERGED_MAX = 32
ATTRIBUTES_MAX = 64
ATTRIBUTE_TEXT_MAX = 512


class Customer(Struct):
    """The state behind one key of `cx.signals`: a customer, or a conversation whose customer is unknown."""

    key: str
    known: bool = False
    windows: Windows = field(default_factory=Windows)
    contacts: dict[str, Contact] = {}
    given: tuple[Given, ...] = ()
    attributes: dict[str, str | bool | int | float] = {}
    attributes_ms: int = -1
    moved_to: str = ""
    moved_ms: int = 0
    merged: list[str] = []
    promises: tuple[Promise, ...] = ()
    standing: Standing = field(default_factory=Standing)
    pending: tuple[Pending, ...] = ()
    notes: Notes = ()
    waiting: tuple[Action, ...] = ()
    trial: tuple[Given, ...] = ()
    doing: tuple[Doing, ...] = ()

    def contact(self, conversation_id: str, channel: str, at_ms: int) -> Contact:
        """The contact of a conversation, begun here when it is new; the oldest is forgotten over the limit."""
        contact = self.contacts.get(conversation_id)
        if contact is None:
            contact = self.contacts[conversation_id] = Contact(channel, at_ms, at_ms)
            while len(self.contacts) > CONTACTS_MAX:
                del self.contacts[self._oldest_but(conversation_id)]
        return contact

    def forget(self, now_ms: int) -> None:
        """Let time pass: windows, contacts and given decisions leave with their span."""
        self.windows.advance(now_ms)
        horizon = self.windows.latest_ms - SPANS_MS["last_30d"]
        for conversation_id in [c for c, kept in self.contacts.items() if kept.last_ms <= horizon]:
            del self.contacts[conversation_id]
        self.given = tuple(g for g in self.given if max(g.at_ms, g.until_ms) > horizon)[-GIVEN_MAX:]
        self.promises = within(self.promises, horizon)
        self.standing = self.standing.without_old(self.windows.latest_ms)
        self.notes = tuple(n for n in self.notes if n.at_ms > horizon)
        self.doing = doing.kept(self.doing, self.windows.latest_ms) if self.doing else ()
        if self.moved_ms <= horizon:
            self.moved_to = ""

    def disposable(self) -> bool:
        """Whether dropping this state would lose nothing."""
        kept = self.contacts or self.given or self.attributes or self.moved_to
        waiting = self.promises or self.pending or self.notes or self.waiting or self.doing
        return self.windows.empty() and self.standing.empty() and not kept and not waiting

    def merge(self, other: Customer, carry_id: str) -> bool:
        """Take over what was known under another key; False when this carry-over was taken before."""
        if carry_id in self.merged:
            return False
        self.merged = [*self.merged, carry_id][-MERGED_MAX:]
        self.windows.merge(other.windows)
        for conversation_id, contact in other.contacts.items():
            mine = self.contacts.get(conversation_id)
            if mine is None:
                self.contacts[conversation_id] = contact
            else:
                mine.merge(contact)
        while len(self.contacts) > CONTACTS_MAX:
            del self.contacts[self._oldest_but("")]
        given = {g.decision_id: g for g in (*other.given, *self.given)}
        self.given = tuple(sorted(given.values(), key=lambda g: (g.at_ms, g.decision_id)))[
            -GIVEN_MAX:
        ]
        self.promises = joined(other.promises, self.promises)
        self.pending = awaited(self.pending, other.pending)
        older, newer = sorted((other, self), key=lambda c: c.attributes_ms)
        self.attributes = dict([*{**older.attributes, **newer.attributes}.items()][:ATTRIBUTES_MAX])
        self.attributes_ms = newer.attributes_ms
        self.standing = self.standing.merged(other.standing)
        self.notes = together(other.notes, self.notes)
        self.waiting = tuple({a.id: a for a in (*other.waiting, *self.waiting)}.values())
        self.doing = doing.kept((*other.doing, *self.doing))
        return True

    def hand_over(self, customer_id: str, at_ms: int = 0) -> None:
        """Forget everything here but where it went, and that in thirty days."""
        self.windows = Windows(latest_ms=max(self.windows.latest_ms, at_ms))
        self.contacts, self.given, self.attributes, self.attributes_ms = {}, (), {}, -1
        self.promises = ()
        self.standing, self.notes, self.waiting = Standing(), (), ()
        self.pending, self.doing = (), ()
        self.moved_to, self.moved_ms = customer_id, self.windows.latest_ms

    def take_back(self) -> None:
        """The customer that this key had become turned out to be this one: keep things here again."""
        self.moved_to, self.moved_ms = "", 0

    def set_attributes(
        self, at_ms: int, attributes: Mapping[str, str | bool | int | float]
    ) -> None:
        """Take over what the CRM says, unless something later was said before.

        Raises `RecordError` for more, or larger ones, than can be kept.
        """
        if at_ms < self.attributes_ms:
            return
        together = {**self.attributes, **attributes}
        if len(together) > ATTRIBUTES_MAX or not all(_fits(*a) for a in attributes.items()):
            raise RecordError(
                "bad_value",
                field="attributes",
                mend=f"send at most {ATTRIBUTES_MAX} attributes, names and texts of at most"
                f" {ATTRIBUTE_TEXT_MAX} characters, numbers of at most 64 bits",
            )
        self.attributes_ms = at_ms
        self.attributes = together

    def _oldest_but(self, conversation_id: str) -> str:
        return min(
            (c for c in self.contacts if c != conversation_id),
            key=lambda c: (self.contacts[c].last_ms, c),
        )


def _fits(name: str, value: str | bool | int | float) -> bool:
    if len(name) > ATTRIBUTE_TEXT_MAX:
        return False
    if isinstance(value, str):
        return len(value) <= ATTRIBUTE_TEXT_MAX
    if isinstance(value, float):
        return math.isfinite(value)
    return -(2**63) <= value < 2**63
