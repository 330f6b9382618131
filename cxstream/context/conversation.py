"""The state of one conversation: a ledger that makes the order of arrival irrelevant.

Entries younger than the allowed lateness stay open, sorted by event time; older ones are folded into
`settled` and only a hash of their id is kept. `arc` is always the fold of `settled` and the open entries,
so an entry that arrives in order costs one fold, and one that arrives out of order costs a fold over the
open ones. At most `OPEN_MAX` stay open: that many newer entries are as much lateness as two minutes.

Law (tests/properties/test_conversation.py): any permutation, duplication or late partial of the same
records within the allowed lateness ends in the same `comparable()` state. A revision is in time while the
utterance it revises is. What comes later still is counted as late and enters only sums and counts; what
comes after even its id could have been forgotten enters nothing.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from enum import StrEnum
from hashlib import blake2b

from msgspec import Struct, field
from msgspec.structs import replace

from cxstream.context.arc import Arc
from cxstream.context.entry import UTTERANCE, Entry, Measures
from cxstream.context.foresight import Foresight

ALLOWED_LATENESS_MS = 120_000
OPEN_MAX = 64
SETTLED_MAX = 512
PARTIALS_MAX = 32


class Fate(StrEnum):
    """What became of a record in the ledger; the label of the `reconciled` metric."""

    APPLIED = "applied"
    REVISED = "revised"
    PARTIAL = "partial"
    DUPLICATE = "duplicate"
    STALE = "stale"
    LATE = "late"
    EMPTY = "empty"
    FORGOTTEN = "forgotten"


class Change(Struct, frozen=True):
    """What one entry did: its fate, and per moment what changes in the customer's windows."""

    fate: Fate
    deltas: tuple[tuple[int, Measures], ...] = ()


class Register(Struct, frozen=True, array_like=True):
    """A value with the event time it was set at: of two the later holds, of equal times the greater value."""

    at_ms: int = -1
    value: str = ""

    def set(self, at_ms: int, value: str | None) -> Register:
        """This register, or a new one where `value` is later."""
        if value and (at_ms, value) > (self.at_ms, self.value):
            return Register(at_ms, value)
        return self


def id_hash(entry_id: str) -> int:
    """Eight bytes that stand for an id that has settled."""
    digest = blake2b(entry_id.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


class Conversation(Struct):
    """Everything remembered of one conversation; a few kilobytes at most, whatever its length."""

    id: str
    tenant: str = "default"
    customer: Register = Register()
    agent: Register = Register()
    queue: Register = Register()
    end_reason: Register = Register()
    settled: Arc = field(default_factory=Arc)
    arc: Arc = field(default_factory=Arc)
    open: list[Entry] = []
    settled_order: tuple[int, str] = (-1, "")
    settled_ids: list[int] = []
    settled_ms: int = -1
    settled_half_ms: int = -1
    forgotten_ms: int = -1
    latest_ms: int = -1
    partials: dict[str, int] = {}
    cleared: dict[str, int] = {}
    roles: dict[str, Register] = {}
    seq: int = 0

    def would_take(self, entry_id: str, precedence: tuple[int, int]) -> bool:
        """Whether an utterance would change anything, so that only those are scored."""
        held = self._find(entry_id)
        if held is not None:
            return precedence > held.precedence
        return id_hash(entry_id) not in self.settled_ids

    def take_partial(self, fragment_id: str, revision: int) -> Change:
        """Note the newest partial of an open slot; a final, a `clears` or a newer partial beats it."""
        if self._find(fragment_id) is not None or id_hash(fragment_id) in self.settled_ids:
            return Change(Fate.STALE)
        if revision < self.cleared.get(fragment_id, -1):
            return Change(Fate.STALE)
        if revision <= self.partials.get(fragment_id, -1):
            return Change(Fate.DUPLICATE)
        self.partials[fragment_id] = revision
        _bound(self.partials, PARTIALS_MAX)
        return Change(Fate.PARTIAL)

    def clear(self, fragment_id: str, below: int) -> None:
        """Void the partials of an open slot under a revision, those still to come included."""
        if below > self.cleared.get(fragment_id, -1):
            self.cleared[fragment_id] = below
            _bound(self.cleared, PARTIALS_MAX)
        if self.partials.get(fragment_id, below) < below:
            del self.partials[fragment_id]

    def revise_role(self, fragment_id: str, at_ms: int, role: str, foresight: Foresight) -> Change:
        """Correct who said a fragment, whether it is here already or still to come."""
        if id_hash(fragment_id) in self.settled_ids:
            return Change(Fate.STALE)
        known = self.roles.get(fragment_id, Register())
        register = known.set(at_ms, role)
        if register is known:
            return Change(Fate.DUPLICATE)
        self.roles[fragment_id] = register
        _bound(self.roles, OPEN_MAX)
        held = self._find(fragment_id)
        if held is None or held.kind != UTTERANCE or held.role == register.value:
            return Change(Fate.APPLIED)
        revised = replace(held, role=register.value)
        entries = [revised if e is held else e for e in self.open]
        return Change(Fate.REVISED, self._rewrite(entries, foresight))

    def take(
        self, entry: Entry, foresight: Foresight, lateness_ms: int = ALLOWED_LATENESS_MS
    ) -> Change:
        """Fold an utterance or control event in, wherever its place is."""
        if entry.id in self.roles and entry.kind == UTTERANCE:
            entry = replace(entry, role=self.roles[entry.id].value)
        self.partials.pop(entry.id, None)
        self.latest_ms = max(self.latest_ms, entry.at_ms)
        oldest_ms = self.latest_ms - lateness_ms
        self._settle(oldest_ms, foresight)
        held = self._find(entry.id)
        too_late = entry.at_ms < oldest_ms or entry.order < self.settled_order
        if held is not None:
            place = held.at_ms if too_late else entry.at_ms
            return self._replace(held, replace(entry, at_ms=place), foresight)
        if id_hash(entry.id) in self.settled_ids:
            return Change(Fate.DUPLICATE)
        if too_late:
            return self._take_late(entry, foresight)
        deltas: tuple[tuple[int, Measures], ...] = ()
        if not self.open or entry.order > self.open[-1].order:
            self.open.append(entry)
            measures = self.arc.take(entry, foresight)
            if measures:
                deltas = ((entry.at_ms, measures),)
        else:
            deltas = self._rewrite(_with(self.open, entry), foresight)
        self._settle(oldest_ms, foresight)
        return Change(Fate.APPLIED, deltas)

    def number_signal(self, arrival_ms: int) -> None:
        """Count one more signal; the count of a conversation begins with the time it was first heard of.

        So a conversation that was forgotten and is heard of again never gives a number twice.
        """
        self.seq = self.seq + 1 if self.seq else arrival_ms

    def comparable(self) -> Conversation:
        """The part that the law speaks of: all but how many signals it took to get here."""
        return replace(
            self,
            seq=0,
            settled_ids=sorted(self.settled_ids),
            partials=dict(sorted(self.partials.items())),
            cleared=dict(sorted(self.cleared.items())),
            roles=dict(sorted(self.roles.items())),
        )

    def _find(self, entry_id: str) -> Entry | None:
        return next((e for e in reversed(self.open) if e.id == entry_id), None)

    def _replace(self, held: Entry, entry: Entry, foresight: Foresight) -> Change:
        if entry.precedence < held.precedence:
            return Change(Fate.STALE)
        if entry.precedence == held.precedence and not (entry.deleted and entry.at_ms > held.at_ms):
            return Change(Fate.DUPLICATE)
        others = [e for e in self.open if e is not held]
        return Change(Fate.REVISED, self._rewrite(_with(others, entry), foresight))

    def _take_late(self, entry: Entry, foresight: Foresight) -> Change:
        if entry.at_ms <= self.forgotten_ms:
            return Change(Fate.FORGOTTEN)
        before = _contributions(self.settled.copy(), self.open, foresight)
        measures = self.settled.take_late(entry)
        self._remember(entry)
        self.arc = self.settled.copy()
        changed = _contributions(self.arc, self.open, foresight)
        changed.update({(entry.at_ms, measure): n for measure, n in measures.items()})
        changed.subtract(before)
        return Change(Fate.LATE, _deltas(changed))

    def _rewrite(
        self, entries: list[Entry], foresight: Foresight
    ) -> tuple[tuple[int, Measures], ...]:
        """Put other entries in the place of the open ones and return what that changes in the windows."""
        same = 0
        while same < min(len(entries), len(self.open)) and entries[same] is self.open[same]:
            same += 1
        arc = self.settled.copy()
        for entry in entries[:same]:
            arc.take(entry, foresight)
        before = _contributions(arc.copy(), self.open[same:], foresight)
        changed = _contributions(arc, entries[same:], foresight)
        changed.subtract(before)
        self.arc, self.open = arc, entries
        return _deltas(changed)

    def _settle(self, oldest_ms: int, foresight: Foresight) -> None:
        """Close the entries that are past the allowed lateness, oldest first."""
        done = 0
        while done < len(self.open) and (
            self.open[done].at_ms < oldest_ms or len(self.open) - done > OPEN_MAX
        ):
            entry = self.open[done]
            self.settled.take(entry, foresight)
            self.settled_order = entry.order
            self._remember(entry)
            done += 1
        if done:
            del self.open[:done]

    def _remember(self, entry: Entry) -> None:
        """Keep a hash of a settled id; the older half goes when there are too many, and its time is noted."""
        self.roles.pop(entry.id, None)
        self.settled_ids.append(id_hash(entry.id))
        self.settled_ms = max(self.settled_ms, entry.at_ms)
        if len(self.settled_ids) == SETTLED_MAX // 2:
            self.settled_half_ms = self.settled_ms
        elif len(self.settled_ids) == SETTLED_MAX:
            del self.settled_ids[: SETTLED_MAX // 2]
            self.forgotten_ms, self.settled_half_ms = self.settled_half_ms, self.settled_ms


def _with(entries: list[Entry], entry: Entry) -> list[Entry]:
    """The entries and one more, in order."""
    entries = list(entries)
    insort(entries, entry, key=lambda e: e.order)
    return entries


def _contributions(
    arc: Arc, entries: list[Entry], foresight: Foresight
) -> Counter[tuple[int, str]]:
    """Fold the entries into the arc; what they add to the windows, by moment and measure."""
    added: Counter[tuple[int, str]] = Counter()
    for entry in entries:
        for measure, amount in arc.take(entry, foresight).items():
            added[entry.at_ms, measure] += amount
    return added


def _deltas(changed: Counter[tuple[int, str]]) -> tuple[tuple[int, Measures], ...]:
    """What changes in the windows, moment by moment."""
    deltas: dict[int, Measures] = {}
    for (at_ms, measure), amount in sorted(changed.items()):
        if amount:
            deltas.setdefault(at_ms, {})[measure] = amount
    return tuple(deltas.items())


def _bound(mapping: dict[str, int] | dict[str, Register], most: int) -> None:
    while len(mapping) > most:
        del mapping[next(iter(mapping))]
