"""The state of one conversation: a ledger that makes the order of arrival irrelevant.

Entries younger than the allowed lateness stay open, sorted by event time; older ones are folded into
`settled` and only a hash of their id is kept. `arc` is always the fold of `settled` and the open entries,
so an entry that arrives in order costs one fold, and one that arrives out of order costs a fold over the
open ones (at most `OPEN_MAX`).

Law (tests/properties/test_conversation.py): any permutation, duplication or late partial of the same
records within the allowed lateness ends in the same `comparable()` state. What comes later still is counted
as late and enters only sums and counts.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from enum import StrEnum
from hashlib import blake2b

from msgspec import Struct, field
from msgspec.structs import replace

from cxstream.context.arc import Arc, Measures, RiskModel
from cxstream.context.entry import DELETED_RANK, UTTERANCE, Entry

ALLOWED_LATENESS_MS = 120_000
OPEN_MAX = 64
SETTLED_MAX = 512
PARTIALS_MAX = 32


class Outcome(StrEnum):
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
    """What one entry did: its outcome, and per moment what changes in the customer's windows."""

    outcome: Outcome
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
    settled_ids: list[int] = []
    settled_until_ms: int = -1
    forgotten_until_ms: int = -1
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
            return Change(Outcome.STALE)
        if revision < self.cleared.get(fragment_id, -1):
            return Change(Outcome.STALE)
        if revision <= self.partials.get(fragment_id, -1):
            return Change(Outcome.DUPLICATE)
        self.partials[fragment_id] = revision
        _bound(self.partials, PARTIALS_MAX)
        return Change(Outcome.PARTIAL)

    def clear(self, fragment_id: str, below: int) -> None:
        """Void the partials of an open slot under a revision, those still to come included."""
        if below > self.cleared.get(fragment_id, -1):
            self.cleared[fragment_id] = below
            _bound(self.cleared, PARTIALS_MAX)
        if self.partials.get(fragment_id, below) < below:
            del self.partials[fragment_id]

    def revise_role(self, fragment_id: str, at_ms: int, role: str, risk: RiskModel) -> Change:
        """Correct who said a fragment, whether it is here already or still to come."""
        register = self.roles.get(fragment_id, Register()).set(at_ms, role)
        self.roles[fragment_id] = register
        _bound(self.roles, PARTIALS_MAX)
        held = self._find(fragment_id)
        if held is None or held.role == register.value:
            return Change(Outcome.DUPLICATE)
        before = self._contributions(risk)
        self.open[self.open.index(held)] = replace(held, role=register.value)
        return Change(Outcome.REVISED, self._refold(before, risk))

    def take(self, entry: Entry, risk: RiskModel, lateness_ms: int = ALLOWED_LATENESS_MS) -> Change:
        """Fold an utterance or control event in, wherever its place is."""
        if entry.id in self.roles and entry.kind == UTTERANCE:
            entry = replace(entry, role=self.roles[entry.id].value)
        self.partials.pop(entry.id, None)
        held = self._find(entry.id)
        if held is not None:
            return self._replace(held, entry, risk)
        if id_hash(entry.id) in self.settled_ids:
            return Change(Outcome.DUPLICATE)
        if entry.at_ms <= self.forgotten_until_ms:
            return Change(Outcome.FORGOTTEN)
        if entry.at_ms < self.settled_until_ms:
            return self._take_late(entry, risk)
        if not self.open or entry.order > self.open[-1].order:
            self.open.append(entry)
            deltas: tuple[tuple[int, Measures], ...] = ()
            measures = self.arc.take(entry, risk)
            if measures:
                deltas = ((entry.at_ms, measures),)
        else:
            before = self._contributions(risk)
            insort(self.open, entry, key=lambda e: e.order)
            deltas = self._refold(before, risk)
        self.latest_ms = max(self.latest_ms, entry.at_ms)
        self._settle(risk, lateness_ms)
        return Change(Outcome.APPLIED, deltas)

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

    def _replace(self, held: Entry, entry: Entry, risk: RiskModel) -> Change:
        if entry.precedence == held.precedence:
            return Change(Outcome.DUPLICATE)
        if entry.precedence < held.precedence:
            return Change(Outcome.STALE)
        before = self._contributions(risk)
        self.open.remove(held)
        insort(self.open, entry, key=lambda e: e.order)
        self.latest_ms = max(self.latest_ms, entry.at_ms)
        return Change(Outcome.REVISED, self._refold(before, risk))

    def _take_late(self, entry: Entry, risk: RiskModel) -> Change:
        if entry.rank == DELETED_RANK:
            return Change(Outcome.FORGOTTEN)
        before = self._contributions(risk)
        measures = self.settled.take_late(entry)
        self._remember_settled(entry)
        own = ((entry.at_ms, measures),) if measures else ()
        return Change(Outcome.LATE, own + self._refold(before, risk))

    def _settle(self, risk: RiskModel, lateness_ms: int) -> None:
        """Close the entries that are past the allowed lateness, oldest first."""
        limit = self.latest_ms - lateness_ms
        done = 0
        for entry in self.open:
            if entry.at_ms >= limit and len(self.open) - done <= OPEN_MAX:
                break
            if entry.rank != DELETED_RANK:
                self.settled.take(entry, risk)
            self._remember_settled(entry)
            self.settled_until_ms = max(self.settled_until_ms, entry.at_ms + 1)
            done += 1
        if done:
            del self.open[:done]
        self.settled_until_ms = max(self.settled_until_ms, limit)

    def _remember_settled(self, entry: Entry) -> None:
        self.settled_ids.append(id_hash(entry.id))
        if len(self.settled_ids) > SETTLED_MAX:
            del self.settled_ids[: len(self.settled_ids) - SETTLED_MAX]
            self.forgotten_until_ms = max(
                self.forgotten_until_ms, min(entry.at_ms, self.settled_until_ms) - 1
            )

    def _contributions(self, risk: RiskModel) -> Counter[tuple[int, str]]:
        """What the open entries have added to the windows so far, by moment and measure."""
        return _fold(self.settled.copy(), self.open, risk)[1]

    def _refold(
        self, before: Counter[tuple[int, str]], risk: RiskModel
    ) -> tuple[tuple[int, Measures], ...]:
        """Fold the open entries anew and return what that changes in the windows."""
        self.arc, after = _fold(self.settled.copy(), self.open, risk)
        after.subtract(before)
        deltas: dict[int, Measures] = {}
        for (at_ms, measure), change in after.items():
            if change:
                deltas.setdefault(at_ms, {})[measure] = change
        return tuple((at, dict(sorted(deltas[at].items()))) for at in sorted(deltas))


def _fold(arc: Arc, entries: list[Entry], risk: RiskModel) -> tuple[Arc, Counter[tuple[int, str]]]:
    contributions: Counter[tuple[int, str]] = Counter()
    for entry in entries:
        if entry.rank != DELETED_RANK:
            for measure, amount in arc.take(entry, risk).items():
                contributions[entry.at_ms, measure] += amount
    return arc, contributions


def _bound(mapping: dict[str, int] | dict[str, Register], most: int) -> None:
    while len(mapping) > most:
        del mapping[next(iter(mapping))]
