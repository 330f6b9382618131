"""The summary of a conversation that ended: what it was about, how it went, and how it was left."""

from __future__ import annotations

from datetime import timedelta

from cxstream.context.contact import Contact
from cxstream.events import Signal, Summary, from_ms, record_id

_GOOD = 0.15
_BAD = -0.15


def summarise(signal: Signal, contact: Contact) -> Summary:
    """The summary after a signal of an ended conversation; each further one has a higher `revision`."""
    facts = signal.conversation
    age = timedelta(seconds=_number(facts.get("age_s")))
    return Summary(
        id=record_id("summary", signal.conversation_id, signal.id),
        conversation_id=signal.conversation_id,
        event_time=signal.event_time,
        started_at=from_ms(contact.started_ms),
        ended_at=from_ms(contact.last_ms),
        reason=signal.reason or "completed",
        disposition=disposition(contact, _number(facts.get("level"))),
        channel=signal.channel,
        intents=tuple(contact.intents),
        unresolved=tuple(contact.unresolved),
        facts=dict(facts),
        text=_words(contact, facts, age),
        revision=contact.summaries,
        tenant=signal.tenant,
        customer_id=signal.customer_id,
        agents=(contact.agent_id,) if contact.agent_id else (),
    )


def disposition(contact: Contact, level: float) -> str:
    """A wrap-up code to propose: `resolved`, `unresolved`, `dissatisfied` or `no_topic`."""
    if level <= _BAD:
        return "dissatisfied"
    if contact.unresolved:
        return "unresolved"
    return "resolved" if contact.intents else "no_topic"


def _words(contact: Contact, facts: dict[str, object], age: timedelta) -> str:
    topics = ", ".join(label.replace("_", " ") for label in contact.intents) or "no clear topic"
    level = _number(facts.get("level"))
    mood = "well" if level >= _GOOD else "badly" if level <= _BAD else "evenly"
    parts = [
        f"{contact.channel} of {_length(int(age.total_seconds()))} about {topics};"
        f" it ended {mood} for the customer."
    ]
    if contact.unresolved:
        left = ", ".join(label.replace("_", " ") for label in contact.unresolved)
        parts.append(f"Not confirmed as solved: {left}.")
    for name, words in (("transfers", "transferred"), ("repeats", "repeated themselves")):
        times = int(_number(facts.get(name)))
        if times:
            parts.append(f"The customer {'was ' if name == 'transfers' else ''}{words} {times}x.")
    return " ".join(parts)


def _length(seconds: int) -> str:
    """How long it took, in the two largest units that it has: 50 s, 4 min 3 s, 2 h 5 min, 3 d 1 h."""
    for size, unit, smaller, part in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{seconds} s"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
