"""The customer as playbooks read it while one conversation is going on.

Each fact is reckoned when it is read: a moment's rules read a few of them, and most moments none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from cxstream.context.contact import Contact
from cxstream.context.customer import Customer
from cxstream.context.windows import SPANS_MS, Windows

_HOUR_MS = 3_600_000
_OPEN_MS = 24 * _HOUR_MS
"""A conversation without an end in which nothing was heard for a day is not going on any more."""


def facts(customer: Customer, conversation_id: str) -> Mapping[str, object]:
    """The facts of a customer as they stand when they are read, seen from one conversation."""
    return _Facts(_Seen(customer, conversation_id))


class _Seen:
    """A customer seen from one conversation."""

    def __init__(self, customer: Customer, conversation_id: str) -> None:
        self.customer = customer
        self._conversation_id = conversation_id
        self._here = customer.contacts.get(conversation_id)

    @cached_property
    def earlier(self) -> list[Contact]:
        """The other conversations that began before this one, the newest first."""
        contacts, here = self.customer.contacts, self._here
        if not contacts:
            return []
        others = sorted(
            ((c.last_ms, i, c) for i, c in contacts.items() if i != self._conversation_id),
            reverse=True,
        )
        return [c for _, _, c in others if here is None or c.started_ms < here.started_ms]

    @property
    def now_ms(self) -> int:
        """The latest event time of the customer."""
        return self.customer.windows.latest_ms

    def channel_before(self) -> str:
        """The channel of another conversation within the last hour, if it is another."""
        for contact in self.earlier:
            other = self._here is None or contact.channel != self._here.channel
            if other and self.now_ms - contact.last_ms <= _HOUR_MS:
                return contact.channel
        return ""

    def open_conversations(self) -> int:
        """How many conversations are going on."""
        contacts = self.customer.contacts.values()
        return sum(not c.ended and self.now_ms - c.last_ms <= _OPEN_MS for c in contacts)

    def contacts_before(self) -> dict[str, int]:
        """How many conversations there were before, by how long ago."""
        return {
            name: sum(c.last_ms > self.now_ms - SPANS_MS[name] for c in self.earlier)
            for name in ("last_1h", "last_24h", "last_30d")
        }


_READ: dict[str, Callable[[_Seen], object]] = {
    "known": lambda seen: seen.customer.known,
    "attributes": lambda seen: dict(seen.customer.attributes),
    "channel_before": _Seen.channel_before,
    "open_conversations": _Seen.open_conversations,
    "contacts_before": _Seen.contacts_before,
    "intents_before": lambda seen: _distinct(i for c in seen.earlier for i in c.intents),
    "unresolved_before": lambda seen: _distinct(i for c in seen.earlier for i in c.unresolved),
    "promises_open": lambda seen: _distinct(p.what for p in seen.customer.promises if p.open),
    "promises_late": lambda seen: _distinct(
        p.what for p in seen.customer.promises if p.late(seen.now_ms)
    ),
    **{
        name: lambda seen, window=name: _Window(seen.customer.windows, window)  # type: ignore[misc]
        for name in SPANS_MS
    },
}


class _Facts(Mapping[str, object]):
    __slots__ = ("_known", "_seen")

    def __init__(self, seen: _Seen) -> None:
        self._seen = seen
        self._known: dict[str, object] = {}

    def __getitem__(self, name: str) -> object:
        if name not in self._known:
            self._known[name] = _READ[name](self._seen)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_READ)

    def __len__(self) -> int:
        return len(_READ)


class _Window(Mapping[str, object]):
    """A window's facts, reckoned when the first of them is read."""

    __slots__ = ("_facts", "_name", "_windows")

    def __init__(self, windows: Windows, name: str) -> None:
        self._windows = windows
        self._name = name
        self._facts: dict[str, object] | None = None

    def _known(self) -> dict[str, object]:
        if self._facts is None:
            self._facts = self._windows.facts(self._name)
        return self._facts

    def __getitem__(self, name: str) -> object:
        return self._known()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())


def _distinct(labels: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(labels))
