"""A customer who becomes known half-way keeps everything: how state follows its person.

    link       "what is kept under this key belongs to that customer" sets out for the key
    follow     the key answers with all it knows, addressed to the customer, and forwards from then on;
               the customer's key takes it over, once

Nothing reaches across partitions: each step is an event on the key it concerns. Two keys that were each
linked to the other do not send one another's state round for ever: who gets it back keeps it.
"""

from __future__ import annotations

from msgspec.structs import replace

from cxstream.context.customer import Customer
from cxstream.context.snapshot import customer_from_json, customer_to_json
from cxstream.events import (
    Approval,
    CarryOver,
    CustomerRecord,
    Outcome,
    Signal,
    from_ms,
    record_id,
    to_ms,
)

Event = Signal | CarryOver | CustomerRecord | Outcome | Approval
Addressed = list[tuple[str, Event]]


def link(from_key: str, customer_id: str, at_ms: int, tenant: str) -> CarryOver:
    """The event that sets out for a key whose customer became known."""
    return CarryOver(
        id=record_id("carry", from_key, customer_id),
        from_key=from_key,
        customer_id=customer_id,
        event_time=from_ms(at_ms),
        tenant=tenant,
    )


def follow(state: Customer, event: Event) -> Addressed:
    """Apply an event of identity to the state of its key (in place); events to send, with their keys."""
    if isinstance(event, CarryOver) and event.state is not None:
        if state.moved_to == event.from_key:
            state.take_back()
        if not state.moved_to:
            state.merge(customer_from_json(event.state), event.id)
            state.known = True
            return []
    if state.moved_to:
        return _forward(state.moved_to, event)
    if isinstance(event, CarryOver):
        return _hand_over(state, event)
    if isinstance(event, CustomerRecord):
        return _said_by_crm(state, event)
    return []


def _forward(customer_id: str, event: Event) -> Addressed:
    """This key turned out to be somebody: what comes here goes there."""
    if isinstance(event, CarryOver) and event.state is None and event.customer_id == customer_id:
        return []
    if isinstance(event, CarryOver) and event.state is None:
        event = replace(event, from_key=customer_id)
    elif event.customer_id != customer_id:
        event = replace(event, customer_id=customer_id)
    return [(customer_id, event)]


def _hand_over(state: Customer, carry: CarryOver) -> Addressed:
    if carry.customer_id == state.key:
        return []
    handed = replace(carry, state=customer_to_json(state))
    state.hand_over(carry.customer_id, to_ms(carry.event_time))
    return [(carry.customer_id, handed)]


def _said_by_crm(state: Customer, record: CustomerRecord) -> Addressed:
    at_ms = to_ms(record.event_time)
    state.known = True
    if record.attributes:
        state.set_attributes(at_ms, record.attributes)
    state.standing = state.standing.with_consents(record.consents, at_ms)
    if record.preferences is not None:
        state.standing = state.standing.with_preferences(record.preferences, at_ms)
    if record.type != "identity.linked" or not record.alias or record.alias == state.key:
        return []
    return [(record.alias, link(record.alias, record.customer_id, at_ms, record.tenant))]
