"""One customer's loop in order: heard, understood, decided, done, what came of it, what was learnt.

`gather` reads what the topics hold of the customer (through an `Archive`, by key), `journey` puts it in the
order of event time. Texts are as redacted as the topics are. What comes twice stands once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol

from msgspec import Struct

from cxstream.events import Action, Lesson, Nudge, Output
from cxstream.lessons.telling import Stage, Told, tell

STAGES: Final[tuple[Stage, ...]] = (
    "heard",
    "understood",
    "decided",
    "done",
    "outcome",
    "learnt",
)


class Step(Struct, frozen=True, omit_defaults=True):
    """One step: when (event time), which part of the loop, in which conversation, and what, in words."""

    at: datetime
    stage: Stage
    conversation_id: str
    what: str
    who: str = ""
    why: str = ""
    details: dict[str, object] = {}


class Journey(Struct, frozen=True):
    """All steps of a customer, in the order of event time."""

    customer_id: str
    conversations: tuple[str, ...]
    steps: tuple[Step, ...]


class Archive(Protocol):
    """What topics hold, by role of the topic and key; implemented by `engine.archive`."""

    async def of(self, role: str, keys: Iterable[str]) -> list[Output]:
        """The records under some keys, in order per key."""


async def gather(archive: Archive, customer_id: str, tenant: str | None = None) -> list[Output]:
    """Everything the topics hold of one customer, whatever their keys.

    Signals come first, under the customer's key and those of conversations that were anonymous to begin with;
    they name the conversations and agents under whose keys the rest stands.
    """
    own: list[Output] = []
    for role in ("signals", "decisions", "actions", "outcomes"):
        own += await archive.of(role, [customer_id])
    own = [record for record in own if _is_of(record, customer_id, tenant)]
    conversations = _named(own, "conversation_id")
    before = await archive.of("signals", conversations)
    found = [*own, *(r for r in before if _named([r], "conversation_id") & conversations)]
    agents = _named(found, "agent_id")
    made = await archive.of("nudges", agents)
    for role in ("actions", "decisions", "escalations", "outcomes", "summaries"):
        made += await archive.of(role, conversations)
    found += [record for record in made if _named([record], "conversation_id") & conversations]
    decided = {r.id: r for r in found if isinstance(r, Nudge | Action)}
    found += await archive.of("ledger", [i for i, r in decided.items() if isinstance(r, Action)])
    lessons = await archive.of("lessons", {r.why.rule.id for r in decided.values()})
    return found + [r for r in lessons if isinstance(r, Lesson) and r.decision_id in decided]


def journey(customer_id: str, records: Iterable[Output]) -> Journey | None:
    """The steps that records tell of, in order; None when they tell nothing."""
    steps: dict[tuple[object, ...], Step] = {}
    for record in records:
        for told in tell(record):
            step = _step(told)
            steps[step.at, step.stage, step.conversation_id, step.what, step.who] = step
    ordered = sorted(steps.values(), key=lambda s: (s.at, STAGES.index(s.stage), s.what))
    if not ordered:
        return None
    conversations = dict.fromkeys(step.conversation_id for step in ordered)
    return Journey(customer_id, tuple(conversations), tuple(ordered))


def _step(told: Told) -> Step:
    details = {name: value for name, value in told.details.items() if value not in (None, "", ())}
    return Step(
        at=told.at,
        stage=told.stage,
        conversation_id=told.conversation_id,
        what=told.what,
        who=told.who,
        why=told.why,
        details=details,
    )


def _is_of(record: Output, customer_id: str, tenant: str | None) -> bool:
    """Whether a record under the customer's key is theirs, and of the tenant that asks."""
    other = tenant is not None and getattr(record, "tenant", tenant) != tenant
    return not other and getattr(record, "customer_id", customer_id) in (customer_id, None)


def _named(records: Iterable[Output], field: str) -> set[str]:
    return {str(value) for record in records if (value := getattr(record, field, None))}
