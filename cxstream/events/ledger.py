"""What became of everything that was to be done: actions, and promises made in words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from cxstream.events.base import Id

LedgerState = Literal[
    "proposed", "approved", "withdrawn", "expired", "sent", "acknowledged", "failed", "confirmed",
    "compensated",
]  # fmt: skip
"""In the order in which things happen; see `execute.ledger` for what may follow what.

`withdrawn`: it will not be done, because a human refused it, or because the words of a promise were corrected.
"""

LedgerKind = Literal["action", "promise"]
_Said = Annotated[str, Meta(max_length=500)]


class LedgerEvent(
    Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.ledger-event.v1"
):
    """Something happened to an action or a promise (`cx.ledger-event.v1`). Key: `ledger_id`.

    `ledger_id` is the id of the action or promise, and the idempotency key of its effect. `what` names the
    action, or the kind of promise. `deadline` is when it should stand. Each event says enough of the whole that
    events may arrive in any order; `id` makes redelivery harmless. `reference` is the other system's own name
    for what it did. `source` says who told us.
    """

    id: Id
    ledger_id: Id
    kind: LedgerKind
    what: Id
    state: LedgerState
    event_time: datetime
    who: str
    conversation_id: Id
    why: _Said = ""
    deadline: datetime | None = None
    needs_approval: bool = False
    attempt: int = 0
    reference: str | None = None
    source: Literal["decider", "desk", "executor", "conversation", "supervisor", "crm"] = "decider"
    tenant: str = "default"
    customer_id: Id | None = None
    agent_id: Id | None = None


class LedgerStep(Struct, frozen=True, omit_defaults=True):
    """One line of a row: what happened, when, who did it and why."""

    id: str
    state: LedgerState
    at: datetime
    who: str
    why: str = ""
    attempt: int = 0
    source: str = "decider"
    deadline: datetime | None = None
    reference: str | None = None


class RefusedStep(Struct, frozen=True):
    """A line that the rules of the ledger do not allow, and why; it is kept, and moves nothing."""

    step: LedgerStep
    reason: str


class LedgerRow(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.ledger.v1"):
    """All that is known of one action or promise (`cx.ledger.v1`), in one record. Key: `id`, compacted.

    `state` is where `steps` have led; `refused` are those that the rules did not allow. `late`: the deadline
    passed before it stood. `idempotency_key` is what other systems know its effect by.
    """

    id: Id
    kind: LedgerKind
    what: Id
    state: LedgerState
    conversation_id: Id
    idempotency_key: Id
    event_time: datetime
    who: str
    why: str = ""
    deadline: datetime | None = None
    late: bool = False
    needs_approval: bool = False
    reference: str | None = None
    tenant: str = "default"
    customer_id: Id | None = None
    agent_id: Id | None = None
    steps: tuple[LedgerStep, ...] = ()
    refused: tuple[RefusedStep, ...] = ()
