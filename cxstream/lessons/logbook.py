"""The book that is kept of decisions: what was chosen among what, what was heard of it, what it taught.

    noted      a moment's choice, with its alternatives and propensities; its decisions wait from now on
    heard      an outcome, joined to the decision it names, or to all of its conversation
    settled    decisions whose window of event time has closed, as lessons

All of it is a function of the customer's state and the event: the same stream gives the same lessons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from cxstream.context.customer import Customer
from cxstream.context.pending import PENDING_MAX, Answer, Pending
from cxstream.decide.moment import Moment
from cxstream.events import (
    Candidate,
    DecisionRecord,
    Lesson,
    Outcome,
    Signal,
    from_ms,
    record_id,
    to_ms,
)
from cxstream.lessons.endings import mood_of
from cxstream.lessons.features import features_of
from cxstream.lessons.rewards import OF_THE_CONVERSATION, lesson

WINDOW_MS: Final = 7 * 86_400_000
"""How long after a decision its outcomes count, in event time."""

LEARNT: Final = frozenset(("nudge", "action"))
"""Kinds of decisions that earn something; an escalation is a duty, whatever comes of it."""

_EARLY_MS: Final = 120_000
"""How far an outcome's clock may be behind the decision's."""


def noted(
    state: Customer,
    moment: Moment,
    candidates: Sequence[Candidate],
    *,
    withheld: frozenset[str] = frozenset(),
    beliefs: str = "",
) -> DecisionRecord:
    """Log a moment's choice and keep its decisions (those with a `decision_id`) waiting, in place.

    `withheld` are the decisions that the control group did not get.
    """
    context = features_of(moment)
    at_ms = moment.event_time_ms
    waiting = [
        Pending(
            decision_id=candidate.decision_id,
            rule=candidate.rule,
            kind=candidate.kind,
            conversation_id=moment.conversation_id,
            at_ms=at_ms,
            propensity=candidate.propensity,
            context=context,
            withheld=candidate.decision_id in withheld,
        )
        for candidate in candidates
        if candidate.decision_id is not None and candidate.kind in LEARNT
    ]
    known = {pending.decision_id for pending in state.pending}
    state.pending += tuple(p for p in waiting if p.decision_id not in known)
    return DecisionRecord(
        id=record_id("choice", moment.signal_id),
        conversation_id=moment.conversation_id,
        event_time=from_ms(at_ms),
        context=context,
        candidates=tuple(candidates),
        group="control" if withheld else "treated",
        beliefs=beliefs,
        tenant=moment.tenant,
        customer_id=moment.customer_id,
        agent_id=moment.agent_id,
        channel=moment.channel,
    )


def heard(state: Customer, outcome: Outcome, window_ms: int = WINDOW_MS) -> int:
    """Join an outcome to the decisions it speaks of, in place; how many there were.

    None for one that comes too late, or of whose decision nothing is known (any more).
    """
    at_ms = to_ms(outcome.event_time)
    answer = Answer(outcome.kind, at_ms, outcome.id, outcome.value)
    joined = 0
    pending: list[Pending] = []
    for one in state.pending:
        if _speaks_of(outcome, one) and -_EARLY_MS <= at_ms - one.at_ms < window_ms:
            joined += 1
            one = one.heard(answer)
        pending.append(one)
    state.pending = tuple(pending)
    return joined


def ended(state: Customer, signal: Signal) -> None:
    """Note the customer's mood at the end of a conversation on the decisions made in it, in place."""
    mood = round(mood_of(signal.conversation) * 1000)
    state.pending = tuple(
        replace(one, mood=mood) if one.conversation_id == signal.conversation_id else one
        for one in state.pending
    )


def settled(
    state: Customer, now_ms: int, *, tenant: str = "default", window_ms: int = WINDOW_MS
) -> list[Lesson]:
    """Take the decisions whose window has closed out of the state, in place, as lessons.

    When more wait than can be kept, the oldest are settled before their time.
    """
    closed_ms = now_ms - window_ms
    if len(state.pending) <= PENDING_MAX and all(p.at_ms > closed_ms for p in state.pending):
        return []
    pending = sorted(state.pending, key=lambda p: (p.at_ms, p.decision_id))
    over = len(pending) - PENDING_MAX
    due = [p for i, p in enumerate(pending) if i < over or p.at_ms <= closed_ms]
    gone = {p.decision_id for p in due}
    state.pending = tuple(p for p in pending if p.decision_id not in gone)
    who = state.key if state.known else None
    return [lesson(p, max(now_ms, p.at_ms), who, tenant) for p in due]


def _speaks_of(outcome: Outcome, pending: Pending) -> bool:
    if outcome.decision_id is not None:
        return outcome.decision_id == pending.decision_id
    of_all = outcome.kind in OF_THE_CONVERSATION
    return of_all and outcome.conversation_id == pending.conversation_id
