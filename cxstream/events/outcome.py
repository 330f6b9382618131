"""What became of a decision, and who allowed it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from cxstream.events.base import Id

OutcomeKind = Literal[
    "shown", "accepted", "dismissed", "later", "undone", "ignored", "overridden", "expired",
    "acted", "confirmed", "failed", "compensated", "resolved", "escalated", "came_back", "cancelled",
]  # fmt: skip


class Outcome(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.outcome.v1"):
    """What became of a decision (`cx.outcome.v1`). Key: customer_id, else conversation_id.

    `decision_id` is the id of the nudge, action or escalation; outcomes of a whole conversation (`resolved`,
    `came_back`, `cancelled`) have none. Of the desktop: `shown`, `accepted`, `dismissed`, `later`, `undone`
    (takes back the agent's last answer), `ignored`; `acted`: accepted and then seen in what was said or done,
    `overridden`: the agent did something else. Of executors: `confirmed`, `failed`, `compensated`. `value` is
    what it was worth, in the playbook's unit, where someone knows. `id` makes redelivery harmless: the same
    answer has the same id. `keeps` is the kind of promise in words that a `confirmed` action keeps (`refund`).
    """

    id: Id
    kind: OutcomeKind
    conversation_id: Id
    event_time: datetime
    decision_id: Id | None = None
    tenant: str = "default"
    customer_id: Id | None = None
    agent_id: Id | None = None
    source: Literal["desk", "executor", "conversation", "supervisor", "crm"] = "desk"
    reason: Annotated[str, Meta(max_length=500)] | None = None
    value: float | None = None
    keeps: str | None = None


class Approval(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.approval.v1"):
    """A human's word on an action that waits for it (`cx.approval.v1`). Key: as the action's, customer_id.

    The first verdict that is allowed and in time holds; whoever is not allowed to give it changes nothing.
    """

    id: Id
    decision_id: Id
    conversation_id: Id
    verdict: Literal["approved", "refused"]
    by: Id
    event_time: datetime
    roles: tuple[str, ...] = ()
    tenant: str = "default"
    customer_id: Id | None = None
    reason: Annotated[str, Meta(max_length=500)] | None = None
