"""What agents promise is a fact of the customer and a row of the ledger, and is kept by what happens later.

    said       an agent (or a bot) says it                               open, with its due time
    said late  what keeps it was confirmed in this conversation before   kept
    said anew  in the same conversation, or the words were corrected     the later time holds
    kept       somebody reports it done, an action that keeps it is
               confirmed, an agent says so ("I'm calling you back"),
               or the customer does ("he came")                          kept
    corrected  the words turned out not to be said                       withdrawn

Times are event times; an open promise is late when the clock of its customer, or of the ledger, has passed it.
"""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from cxstream.context.customer import Customer
from cxstream.context.promises import Promise, joined
from cxstream.events import (
    ControlKind,
    LedgerEvent,
    LedgerState,
    Outcome,
    Role,
    Signal,
    from_ms,
    record_id,
    to_ms,
)
from cxstream.execute.ledger_events import of_outcome
from cxstream.execute.promises import Found, find, had_in, kept_in

PREFIX = "promise"
_SPEAKERS = frozenset((Role.AGENT, Role.BOT))


class Promising:
    """Keeps a customer's promises; `zone` is the time zone of customers who have told none."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def warm(self) -> Promising:
        """Read the first date now: dateparser then loads its tables, and not while a customer waits."""
        find("I'll call you back on Friday.", 0, self._zone)
        return self

    def hear(self, state: Customer, signal: Signal) -> list[LedgerEvent]:
        """Take over what a signal says of promises (in place); what the ledger must know of it, in order."""
        if signal.kind == ControlKind.FRAGMENT_DELETED.value:
            return list(self._corrected(state, signal, frozenset()))
        if signal.text is None:
            return []
        if signal.role is Role.CUSTOMER:
            return list(_had(state, signal, signal.text))
        if signal.role not in _SPEAKERS:
            return []
        at_ms = to_ms(signal.event_time)
        found = find(signal.text, at_ms, self._zone_of(state))
        events = list(self._corrected(state, signal, frozenset(f.what for f in found)))
        for one in found:
            said = self._said(state, signal, one)
            events += said
            events += _kept_before(state, signal, one.what) if said else ()
        for what in sorted(kept_in(signal.text)):
            for promise in state.promises:
                earlier = promise.said_ms < at_ms and not _from(promise, signal)
                if promise.open and promise.what == what and earlier:
                    events.append(_settle(state, promise.keep(at_ms), signal, signal.text))
        return events

    def told(self, state: Customer, outcome: Outcome) -> list[LedgerEvent]:
        """Take over what an outcome says of promises and actions; what the ledger must know of it."""
        events: list[LedgerEvent] = []
        direct = of_outcome(outcome)
        if direct is not None:
            events.append(direct)
        if outcome.kind != "confirmed":
            return events
        at_ms = to_ms(outcome.event_time)
        for promise in _kept_by(state.promises, outcome):
            kept = promise.keep(at_ms)
            if promise.id == outcome.decision_id:
                _put(state, kept)  # the ledger hears it from the outcome itself
            else:
                why = f"kept by {outcome.decision_id}"
                events.append(_settle(state, kept, outcome, why))
        return events

    def _zone_of(self, state: Customer) -> ZoneInfo:
        named = state.standing.preferences.time_zone
        return ZoneInfo(named) if named else self._zone

    def _corrected(
        self, state: Customer, signal: Signal, still: frozenset[str]
    ) -> Iterable[LedgerEvent]:
        """What these words promised before they were corrected, and do not any more."""
        at_ms = to_ms(signal.event_time)
        for promise in state.promises:
            if _from(promise, signal) and promise.open and promise.what not in still:
                yield _settle(state, promise.withdraw(at_ms), signal, "the words were corrected")

    def _said(self, state: Customer, signal: Signal, found: Found) -> list[LedgerEvent]:
        at_ms = to_ms(signal.event_time)
        fragment_id = signal.fragment_id or ""
        said = Promise(
            id=record_id(PREFIX, signal.conversation_id, fragment_id, found.what),
            what=found.what,
            conversation_id=signal.conversation_id,
            fragment_id=fragment_id,
            text=found.text,
            said_ms=at_ms,
            due_ms=found.due_ms,
            by=signal.agent_id or "",
        )
        before = next((p for p in state.promises if _same(p, said)), None)
        if before is not None:
            said = replace(before, text=found.text, due_ms=found.due_ms)
            if said == before:
                return []
        _put(state, said)
        return [_event(said, "proposed", signal, found.text, deadline_ms=said.due_ms)]


def _had(state: Customer, signal: Signal, text: str) -> Iterable[LedgerEvent]:
    """What the customer says was done: the promise of its kind that was due first."""
    if not any(promise.open for promise in state.promises):
        return
    at_ms = to_ms(signal.event_time)
    for what in sorted(had_in(text)):
        waiting = [p for p in state.promises if p.open and p.what == what and p.said_ms < at_ms]
        if waiting:
            first = min(waiting, key=lambda promise: (promise.due_ms, promise.id))
            yield _settle(state, first.keep(at_ms), signal, text)


def _kept_before(state: Customer, signal: Signal, what: str) -> Iterable[LedgerEvent]:
    """Agents do it first and say it then: what is done already need not be waited for."""
    done = [d for d in state.doing if d.done and not d.unwanted and d.keeps == what]
    here = [d for d in done if d.action.conversation_id == signal.conversation_id]
    for promise in state.promises if here else ():
        if promise.open and promise.what == what and _from(promise, signal):
            at_ms = to_ms(signal.event_time)
            yield _settle(state, promise.keep(at_ms), signal, f"kept by {here[-1].action.id}")


def _from(promise: Promise, signal: Signal) -> bool:
    """Whether it was promised in the words of this signal."""
    return (promise.conversation_id, promise.fragment_id) == (
        signal.conversation_id,
        signal.fragment_id,
    )


def _same(promise: Promise, said: Promise) -> bool:
    """Said again in one conversation it is one promise, and so are corrected words."""
    return (
        promise.open
        and promise.conversation_id == said.conversation_id
        and promise.what == said.what
    )


def _kept_by(promises: tuple[Promise, ...], outcome: Outcome) -> list[Promise]:
    """The open promises that a confirmed outcome keeps: its own, else those of its kind, nearest first.

    Of its kind are those of the same conversation, or where there are none the oldest.
    """
    waiting = [p for p in promises if p.open]
    own = [p for p in waiting if p.id == outcome.decision_id]
    if own or outcome.keeps is None:
        return own
    alike = [p for p in waiting if p.what == outcome.keeps]
    here = [p for p in alike if p.conversation_id == outcome.conversation_id]
    return here or alike[:1]


def _put(state: Customer, promise: Promise) -> None:
    others = [p for p in state.promises if p.id != promise.id]
    state.promises = joined(others, [promise])


def _settle(state: Customer, promise: Promise, cause: Signal | Outcome, why: str) -> LedgerEvent:
    _put(state, promise)
    return _event(promise, "confirmed" if promise.kept_ms else "withdrawn", cause, why)


def _event(
    promise: Promise,
    state: LedgerState,
    cause: Signal | Outcome,
    why: str,
    *,
    deadline_ms: int | None = None,
) -> LedgerEvent:
    return LedgerEvent(
        id=record_id("step", promise.id, state, cause.id),
        ledger_id=promise.id,
        kind="promise",
        what=promise.what,
        state=state,
        event_time=cause.event_time,
        who=_who(promise, cause),
        conversation_id=promise.conversation_id,
        why=why[:500],
        deadline=None if deadline_ms is None else from_ms(deadline_ms),
        source="conversation",
        tenant=cause.tenant,
        customer_id=cause.customer_id,
        agent_id=promise.by or None,
    )


def _who(promise: Promise, cause: Signal | Outcome) -> str:
    if isinstance(cause, Signal) and cause.role is Role.CUSTOMER:
        return "customer"
    return cause.agent_id or promise.by or "agent"
