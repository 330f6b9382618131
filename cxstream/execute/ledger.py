"""The ledger: what was to be done, and where it stands. Any order of arrival ends the same.

    proposed ──▶ approved ──▶ sent ──▶ acknowledged ──▶ confirmed ──▶ compensated
        └───────────┴──▶ withdrawn, expired      └──▶ failed ──▶ (sent, confirmed or compensated after all)

Proposals, approvals, executors and other systems speak on streams that cross. So a row keeps every step it
was told, and its state is a fold over them in the order in which they happened: proposal, approval, then by
time. What the rules do not allow stands in `refused` with the reason, and moves nothing.

A promise made in words goes the short way: proposed (it was said), then confirmed, withdrawn or late.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from cxstream.errors import UNREADABLE, NewerRecord, RecordError
from cxstream.events import (
    LedgerEvent,
    LedgerRow,
    LedgerState,
    LedgerStep,
    RefusedStep,
    from_ms,
    record_id,
    to_ms,
)

T = TypeVar("T")
STEPS_MAX = 32
"""Nothing honest takes as many; more than that of one id are ignored."""

UNKNOWN = "unknown"
"""What a row is called until its proposal is heard, when another system spoke first."""

_VERSION = 1
_RANK: dict[LedgerState, int] = {state: rank for rank, state in enumerate(get_args(LedgerState))}
_FIRST: dict[str, int] = {"proposed": 0, "approved": 1}

MAY_FOLLOW: dict[LedgerState, frozenset[LedgerState]] = {
    "proposed": frozenset(),
    "approved": frozenset(("proposed",)),
    "withdrawn": frozenset(("proposed", "approved")),
    "expired": frozenset(("proposed", "approved")),
    "sent": frozenset(("proposed", "approved", "failed")),
    "acknowledged": frozenset(("sent",)),
    "failed": frozenset(("proposed", "approved", "sent", "acknowledged")),
    "confirmed": frozenset(("sent", "acknowledged", "failed")),
    "compensated": frozenset(("confirmed", "acknowledged", "failed")),
}
"""What each state may come after. A row begins as proposed, whether the proposal was heard yet or not."""

OF_PROMISES: dict[LedgerState, frozenset[LedgerState]] = {
    "proposed": frozenset(("proposed",)),
    "withdrawn": frozenset(("proposed",)),
    "confirmed": frozenset(("proposed",)),
}
"""The same for promises: said (and said anew when the words were corrected), kept, or never said."""

SETTLED: frozenset[LedgerState] = frozenset(
    ("withdrawn", "expired", "failed", "confirmed", "compensated")
)
"""Nobody waits for these any more (what failed may still turn out well)."""


class Kept(Struct):
    """What the table keeps of one action or promise: the row, and when it is late.

    `due_ms` counts on the clock of arrival, so that a replay of last year's stream is not late from its
    first line; 0 where there is no deadline.
    """

    row: LedgerRow | None = None
    due_ms: int = 0

    def take(self, event: LedgerEvent, arrival_ms: int) -> LedgerRow | None:
        """Fold one event in; the new row, or None where it changed nothing (it was known)."""
        step = LedgerStep(
            id=event.id,
            state=event.state,
            at=event.event_time,
            who=event.who,
            why=event.why,
            attempt=event.attempt,
            source=event.source,
            deadline=event.deadline,
            reference=event.reference,
        )
        row = self.row or LedgerRow(
            id=event.ledger_id,
            kind=event.kind,
            what=event.what,
            state="proposed",
            conversation_id=event.conversation_id,
            idempotency_key=event.ledger_id,
            event_time=event.event_time,
            who=event.who,
            tenant=event.tenant,
        )
        known = [*row.steps, *(refused.step for refused in row.refused)]
        if len(known) >= STEPS_MAX or any(step.id == other.id for other in known):
            return None
        row = replace(
            row,
            what=event.what if row.what == UNKNOWN else row.what,
            needs_approval=row.needs_approval or event.needs_approval,
            customer_id=row.customer_id or event.customer_id,
            agent_id=row.agent_id or event.agent_id,
        )
        self.row = _folded(row, [*known, step])
        if event.deadline is not None and self.row.deadline == event.deadline:
            self.due_ms = arrival_ms + max(0, to_ms(event.deadline) - to_ms(event.event_time))
        return self.row

    def waits(self) -> bool:
        """Whether a deadline is running."""
        return self.due_ms > 0 and self.row is not None and self.row.state not in SETTLED

    def overdue(self, now_ms: int) -> LedgerRow | None:
        """The row once its deadline has passed; None before that, and when nobody waits any more.

        What somebody took on, or promised, is late. What nobody took on has expired; when nobody approved
        in time, that is for the decider to say.
        """
        row = self.row
        if row is None or not self.waits() or now_ms < self.due_ms:
            return None
        self.due_ms = 0
        if row.state == "proposed" and row.needs_approval:
            return None
        if row.kind == "action" and row.state == "proposed":
            expiry = LedgerStep(
                id=record_id("step", row.id, "expired"),
                state="expired",
                at=row.deadline or from_ms(now_ms),
                who="ledger",
                why="nobody took it on in time",
                source="executor",
            )
            self.row = _folded(row, [*row.steps, *(r.step for r in row.refused), expiry])
        else:
            self.row = replace(row, late=True)
        return self.row


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Kept)


def dump_kept(kept: Kept) -> bytes:
    """The bytes of a row as its table keeps them: the version of the schema, then MessagePack."""
    return bytes((_VERSION,)) + _encoder.encode(kept)


def load_kept(data: bytes) -> Kept:
    """A row from its bytes. Raises `RecordError` when they are damaged or newer."""
    if data[:1] > bytes((_VERSION,)):
        mend = f"written in version {data[0]} of the schema; upgrade cxstream first"
        raise NewerRecord("newer_state", field="state", mend=mend)
    try:
        return _decoder.decode(memoryview(data)[1:])
    except UNREADABLE as error:
        mend = "damaged; restore it from its changelog"
        raise RecordError("bad_state", field="state", mend=mend) from error


def refusal(row: LedgerRow, state: LedgerState, step: LedgerStep) -> str | None:
    """Why a step may not follow a state, as one machine word; None when it may."""
    rules = OF_PROMISES if row.kind == "promise" else MAY_FOLLOW
    if step.state not in rules:
        return "no_step_of_a_promise"
    if state not in rules[step.state]:
        return f"already_{state}" if _RANK[state] >= _RANK[step.state] else f"only_{state}"
    if step.state == "sent" and state == "proposed" and row.needs_approval:
        return "not_approved"
    return None


def _folded(row: LedgerRow, steps: Iterable[LedgerStep]) -> LedgerRow:
    """The row after these steps, in the order in which they happened."""
    state: LedgerState = "proposed"
    taken: list[LedgerStep] = []
    refused: list[RefusedStep] = []
    for step in sorted(steps, key=_order):
        reason = None if step.state == "proposed" and not taken else refusal(row, state, step)
        if reason is not None:
            refused.append(RefusedStep(step, reason))
            continue
        taken.append(step)
        state = step.state
    first, last = taken[0] if taken else None, taken[-1] if taken else None
    return replace(
        row,
        state=state,
        event_time=last.at if last else row.event_time,
        who=first.who if first else row.who,
        why=last.why if last else row.why,
        deadline=_last(s.deadline for s in taken),
        reference=_last(s.reference for s in taken),
        steps=tuple(taken),
        refused=tuple(refused),
    )


def _order(step: LedgerStep) -> tuple[int, int, int, str]:
    return (_FIRST.get(step.state, 2), to_ms(step.at), _RANK[step.state], step.id)


def _last(values: Iterable[T | None]) -> T | None:
    return next((value for value in reversed(list(values)) if value is not None), None)
