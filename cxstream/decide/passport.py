"""The passport: what whoever is next needs to know, so that the customer does not have to say it again.

Made on every transfer, escalation, change of channel and return visit. Within the customer's consent: when
they do not want their history passed on it tells of its own conversation only. All words in it were redacted
before anything saw them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from cxstream.context.contact import Contact
from cxstream.context.customer import Customer
from cxstream.decide.index import Ranked
from cxstream.decide.policy import PassportPolicy
from cxstream.events import (
    ControlKind,
    Mood,
    Passport,
    Promised,
    Signal,
    Tried,
    from_ms,
    record_id,
    to_ms,
)

Cause = Literal["transfer", "escalation", "channel_change", "return_visit"]
HISTORY = "history"
"""The purpose to which the customer agrees, or does not, when earlier conversations are to be passed on."""

MEMBERS_MAX = 12
_HOUR_MS = 3_600_000
_WAITS = "waits for a yes"
_OF_THE_AGENT = ("agent_utterance",)
"""What only an agent's words start is between them and the supervisor, not for whoever is next."""
_NO_SUBJECT = frozenset(("speak_to_human",))
"""How the customer wants to be served; not what it is about."""
_TOOK_UP = frozenset(("accepted", "acted", "confirmed"))


def causes(customer: Customer, signal: Signal, escalated: bool) -> list[Cause]:
    """Why a passport is due at a signal; notes in the contact that its visit was told of (in place)."""
    found: list[Cause] = []
    here = customer.contacts[signal.conversation_id]
    visit = None if here.introduced or not customer.known else _visit(customer, here, signal)
    if visit is not None:
        here.introduced = True
        found.append(visit)
    if signal.kind == ControlKind.TRANSFER.value:
        found.append("transfer")
    if escalated:
        found.append("escalation")
    return found


def passport(
    customer: Customer,
    signal: Signal,
    cause: Cause,
    policy: PassportPolicy,
    rules: Mapping[str, Ranked],
) -> Passport | None:
    """The passport for a cause; None when all that it could tell is what may not be passed on."""
    at_ms = to_ms(signal.event_time)
    whole = _may_tell_all(customer, signal, policy, at_ms)
    if not whole and cause in ("channel_change", "return_visit"):
        return None
    contacts = {
        name: contact
        for name, contact in sorted(customer.contacts.items(), key=lambda c: c[1].started_ms)
        if whole or name == signal.conversation_id
    }
    return Passport(
        id=record_id("passport", signal.id, cause),
        customer_id=signal.customer_id or customer.key,
        conversation_id=signal.conversation_id,
        cause=cause,
        event_time=signal.event_time,
        expires_at=from_ms(at_ms + policy.valid_for_s * 1000),
        scope="customer" if whole else "conversation",
        channel=signal.channel,
        who=_who(customer, policy),
        why=_words(label for contact in contacts.values() for label in contact.intents),
        unresolved=_words(label for contact in contacts.values() for label in contact.unresolved),
        tried=_tried(customer, contacts, rules),
        promises=_promises(customer, contacts),
        arc=_arc(contacts),
        do_not_ask=_do_not_ask(customer, contacts),
        tenant=signal.tenant,
        agent_id=signal.agent_id,
        queue=signal.queue,
    )


def _visit(customer: Customer, here: Contact, signal: Signal) -> Cause | None:
    """Whether the customer is back, and whether on another channel than within the last hour."""
    earlier = [
        contact
        for name, contact in customer.contacts.items()
        if name != signal.conversation_id and contact.started_ms < here.started_ms
    ]
    if not earlier:
        return None
    last = max(earlier, key=lambda contact: contact.last_ms)
    recent = here.started_ms - last.last_ms <= _HOUR_MS
    return "channel_change" if recent and last.channel != here.channel else "return_visit"


def _may_tell_all(customer: Customer, signal: Signal, policy: PassportPolicy, at_ms: int) -> bool:
    agrees = customer.standing.agrees(HISTORY, signal.channel, at_ms)
    if policy.history == "opt_out":
        return agrees != "no"
    return policy.history == "opt_in" and agrees == "yes"


def _who(customer: Customer, policy: PassportPolicy) -> dict[str, str | bool | int | float]:
    named = {n: customer.attributes[n] for n in policy.attributes if n in customer.attributes}
    return {"known": customer.known, **named}


def _tried(
    customer: Customer, contacts: Mapping[str, Contact], rules: Mapping[str, Ranked]
) -> tuple[Tried, ...]:
    """What was done, and what came of it; what agents were told only where they took it up."""
    outcomes = {r.decision_id: r.kind for r in customer.standing.responses}
    outcomes |= {action.id: _WAITS for action in customer.waiting}
    found = [
        (note.at_ms, Tried(note.text, from_ms(note.at_ms)))
        for note in customer.notes
        if note.kind == "tried" and note.conversation_id in contacts
    ]
    for given in customer.given:
        ranked, outcome = rules.get(given.rule), outcomes.get(given.decision_id, "")
        if given.conversation_id not in contacts or ranked is None or given.withheld:
            continue
        what = _what(ranked, given.kind, outcome)
        if what:
            tried = Tried(what, from_ms(given.at_ms), given.rule, outcome)
            found.append((given.at_ms, tried))
    found.sort(key=lambda one: (one[0], one[1].what))
    return tuple(tried for _, tried in found[-MEMBERS_MAX:])


def _what(ranked: Ranked, kind: str, outcome: str) -> str:
    rule = ranked.rule
    if kind == "action" and rule.action is not None:
        return rule.action.name.replace("_", " ")
    if kind == "escalation" and rule.escalation is not None and rule.on != _OF_THE_AGENT:
        return f"told a supervisor: {rule.escalation.reason}"
    if kind == "nudge" and rule.nudge is not None and outcome in _TOOK_UP:
        return rule.nudge.title
    return ""


def _promises(customer: Customer, contacts: Mapping[str, Contact]) -> tuple[Promised, ...]:
    return tuple(
        Promised(promise.text, from_ms(promise.said_ms), from_ms(promise.due_ms))
        for promise in customer.promises
        if promise.open and promise.conversation_id in contacts
    )[-MEMBERS_MAX:]


def _arc(contacts: Mapping[str, Contact]) -> tuple[Mood, ...]:
    return tuple(
        Mood(name, contact.channel, from_ms(contact.started_ms), contact.level, contact.lowest)
        for name, contact in contacts.items()
    )[-MEMBERS_MAX:]


def _do_not_ask(customer: Customer, contacts: Mapping[str, Contact]) -> tuple[str, ...]:
    """What the customer has told: the topics that are open, and what rules have noted."""
    topics = _words(
        label
        for contact in contacts.values()
        for label in contact.unresolved
        if label not in _NO_SUBJECT
    )
    noted = [n.text for n in customer.notes if n.kind == "told" and n.conversation_id in contacts]
    known = [f"what it is about: {topic}" for topic in topics]
    return tuple(dict.fromkeys((*known, *noted)))[-MEMBERS_MAX:]


def _words(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label.replace("_", " ") for label in labels))[-MEMBERS_MAX:]
