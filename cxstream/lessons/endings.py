"""How a conversation went, as outcomes of its own that nobody has to send: resolved, came back, escalated.

    resolved    it ended with nothing open, and the customer was not cross at the end
    came_back   the customer is here again within seven days about the same thing
    escalated   it was handed to a supervisor

Cancellations come from the CRM. Ids are functions of conversation and kind, so that saying it twice is once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from cxstream.context.contact import Contact
from cxstream.context.customer import Customer
from cxstream.events import Outcome, OutcomeKind, Signal, from_ms, record_id, to_ms

BACK_WITHIN_MS: Final = 7 * 86_400_000
CROSS: Final = -0.3
"""A mood (mean valence of the last three utterances) under which nobody left content."""


def endings(state: Customer, signal: Signal, escalated: bool) -> list[Outcome]:
    """What this signal says of how conversations of the customer went; marks the contacts."""
    found: list[Outcome] = []
    facts = signal.conversation
    here = state.contacts.get(signal.conversation_id)
    if escalated and here is not None and not here.escalated:  # told once: its id says no more
        here.escalated = True
        found.append(_outcome(state, signal, signal.conversation_id, "escalated", None))
    if facts.get("ended") and here is not None and not here.resolved:
        mood = mood_of(facts)
        if not facts.get("unresolved") and facts.get("customer_turns") and mood >= CROSS:
            here.resolved = True  # what comes late ends it again
            reason = f"nothing open, mood {mood:+.2f} at the end"
            found.append(_outcome(state, signal, signal.conversation_id, "resolved", reason))
    for conversation_id, topics in _came_back(state, signal):
        state.contacts[conversation_id].came_back = True
        state.contacts[signal.conversation_id].repeat = True
        reason = f"again within seven days: {', '.join(topics)}"
        found.append(_outcome(state, signal, conversation_id, "came_back", reason))
    return found


def mood_of(facts: Mapping[str, object]) -> float:
    """The customer's mood by the facts of a conversation, -1 to 1."""
    level = facts.get("level", 0.0)
    return float(level) if isinstance(level, int | float) else 0.0


def _came_back(state: Customer, signal: Signal) -> Iterable[tuple[str, list[str]]]:
    here = state.contacts.get(signal.conversation_id)
    if here is None or not here.intents:
        return
    earlier = [
        (conversation_id, contact)
        for conversation_id, contact in state.contacts.items()
        if contact.ended
        and not contact.came_back
        and contact is not here
        and _follows(here, contact)
    ]
    for conversation_id, contact in sorted(earlier, key=lambda one: one[0]):
        topics = [topic for topic in contact.intents if topic in here.intents]
        if topics:
            yield conversation_id, topics


def _follows(here: Contact, earlier: Contact) -> bool:
    return 0 <= here.started_ms - earlier.last_ms <= BACK_WITHIN_MS


def _outcome(
    state: Customer, signal: Signal, conversation_id: str, kind: OutcomeKind, reason: str | None
) -> Outcome:
    return Outcome(
        id=record_id("outcome", conversation_id, kind),
        kind=kind,
        conversation_id=conversation_id,
        event_time=from_ms(to_ms(signal.event_time)),
        tenant=signal.tenant,
        customer_id=signal.customer_id or (state.key if state.known else None),
        agent_id=signal.agent_id,
        source="conversation",
        reason=reason,
    )
