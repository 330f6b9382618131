"""One action carried out: what happens on the way, step by step, as records for the ledger and the outcome.

The time is an argument and the calls go through a `Transport`, so that every way this can go is a test
without a network. Each call has an idempotency key made of the action's id: whatever is repeated after a
crash, anywhere, is the same effect for a back office that honours it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Literal

import msgspec
from msgspec import Struct

from cxstream.errors import UNREADABLE, DeliveryError
from cxstream.events import (
    Action,
    LedgerEvent,
    LedgerState,
    Outcome,
    from_ms,
    record_id,
    to_ms,
)
from cxstream.execute.ledger_events import step_id
from cxstream.execute.plan import Plan, Step, facts_of
from cxstream.execute.transport import Answer, Transport

Verdict = Literal["go", "take_back", "not_cleared", "not_ours", "expired"]


class Undelivered(Struct, frozen=True):
    """An action that was given up, for the dead letters."""

    error: DeliveryError


Happening = LedgerEvent | Outcome | Undelivered


class Carrier:
    """Carries actions out by their plans. Holds no state: the back office and the ledger remember."""

    def __init__(
        self, plans: Mapping[str, Plan], transport: Transport, now_ms: Callable[[], int]
    ) -> None:
        self._plans = plans
        self._transport = transport
        self._now_ms = now_ms

    def verdict(self, action: Action) -> Verdict:
        """Whether this record of an action is to be carried out, here and now.

        Never without the approval it needs; never after its time, which begins with the approval and not
        before `not_before`: a replay of an old stream touches nothing.
        """
        if action.action not in self._plans:
            return "not_ours"
        if action.status == "undone" and action.allowed:
            return "expired" if from_ms(self._now_ms()) > action.expires_at else "take_back"
        if not action.cleared:
            return "not_cleared"
        valid_for = action.expires_at - action.event_time
        return "expired" if from_ms(self._now_ms()) > action.begins + valid_for else "go"

    def early_ms(self, action: Action) -> int:
        """How long it must still be held back for its `not_before`; 0 for what is not to be carried out."""
        if action.not_before is None or self.verdict(action) != "go":
            return 0
        return max(0, to_ms(action.not_before) - self._now_ms())

    async def carry_out(self, action: Action) -> AsyncIterator[Happening]:
        """What happens, in order: publish each before asking for the next. Wait for `early_ms` first.

        `sent` comes before the first call. Failures are records, never exceptions.
        """
        verdict = self.verdict(action)
        if verdict == "take_back":
            async for happening in self._take_back(action):
                yield happening
        if verdict == "expired" and action.status != "undone":
            yield self._event(action, "expired", why="it came after its time")
            yield self._outcome(action, "expired", "it came after its time")
        if verdict != "go":
            return
        plan = self._plans[action.action]
        yield self._event(action, "sent", deadline_in_s=plan.within_s)
        done: list[tuple[int, Step, Mapping[str, object]]] = []
        facts = facts_of(action)
        tries = 0
        try:
            for number, step in enumerate(plan.steps):
                answer = await self._call(action, step, number, facts)
                tries = max(tries, answer.tries)
                facts = {**facts, "answer": _read(answer.body)}
                done.append((number, step, facts))
        except DeliveryError as error:
            async for happening in self._gave_up(action, error, done):
                yield happening
            return
        state: LedgerState = "acknowledged" if plan.by_event else "confirmed"
        yield self._event(action, state, reference=_reference(plan, facts), attempt=tries)
        if not plan.by_event:
            yield self._outcome(action, "confirmed", None, keeps=plan.keeps)

    async def _call(
        self, action: Action, step: Step, number: int, facts: Mapping[str, object]
    ) -> Answer:
        request = step.request
        call = request.call(action, facts, _key(action, number))
        return await self._transport.send(call, request.service.patience)

    async def _gave_up(
        self,
        action: Action,
        error: DeliveryError,
        done: list[tuple[int, Step, Mapping[str, object]]],
    ) -> AsyncIterator[Happening]:
        """Take back what was done before, last first; then say so."""
        said = str(error) if error.sure else f"{error}; it may have been done all the same"
        yield self._event(action, "failed", why=said, attempt=error.tries)
        left: list[str] = [] if error.sure else ["the call that failed may stand"]
        left += await self._undo(action, done)
        if done and not left:
            yield self._event(action, "compensated", why="what was done before was taken back")
            yield self._outcome(action, "compensated", said)
        yield self._outcome(action, "failed", "; ".join([said, *left]))
        yield Undelivered(error)

    async def _take_back(self, action: Action) -> AsyncIterator[Happening]:
        """Take back what was done and confirmed, where the plan says how.

        The calls are made again under their keys, which a back office answers with what it did then: their
        undoing may need that.
        """
        plan = self._plans[action.action]
        facts = facts_of(action)
        done: list[tuple[int, Step, Mapping[str, object]]] = []
        left = [
            f"call {number + 1} cannot be taken back"
            for number, step in enumerate(plan.steps)
            if step.undo is None
        ]
        try:
            for number, step in enumerate(plan.steps if not left else ()):
                answer = await self._call(action, step, number, facts)
                facts = {**facts, "answer": _read(answer.body)}
                done.append((number, step, facts))
            left += await self._undo(action, done)
        except DeliveryError as error:
            left.append(str(error))
        if not left:
            said = f"taken back by {action.undone_by or 'an agent'}"
            yield self._event(action, "compensated", why=said)
            yield self._outcome(action, "compensated", said)
            return
        said = "; ".join(["it was to be taken back and stands", *left])
        yield self._outcome(action, "failed", said)
        yield Undelivered(DeliveryError("not_taken_back", said, sure=True))

    async def _undo(
        self, action: Action, done: list[tuple[int, Step, Mapping[str, object]]]
    ) -> list[str]:
        """Make the calls that take others back, last first; what could not be taken back, in words."""
        left: list[str] = []
        for number, step, facts in reversed(done):
            if step.undo is None:
                left.append(f"call {number + 1} cannot be taken back")
                continue
            try:
                call = step.undo.call(action, facts, _key(action, number) + ":undo")
                await self._transport.send(call, step.undo.service.patience)
            except DeliveryError as problem:
                left.append(f"call {number + 1} could not be taken back: {problem}")
        return left

    def _event(
        self,
        action: Action,
        state: LedgerState,
        *,
        why: str = "",
        attempt: int = 0,
        reference: str | None = None,
        deadline_in_s: float | None = None,
    ) -> LedgerEvent:
        now_ms = self._now_ms()
        deadline = None if deadline_in_s is None else from_ms(now_ms + int(deadline_in_s * 1000))
        return LedgerEvent(
            id=step_id(action.id, state),
            ledger_id=action.id,
            kind="action",
            what=action.action,
            state=state,
            event_time=from_ms(now_ms),
            who="executor",
            conversation_id=action.conversation_id,
            why=why[:500],
            deadline=deadline,
            needs_approval=action.needs_approval,
            attempt=attempt,
            reference=reference,
            source="executor",
            tenant=action.tenant,
            customer_id=action.customer_id,
            agent_id=action.agent_id,
        )

    def _outcome(
        self,
        action: Action,
        kind: Literal["confirmed", "failed", "compensated", "expired"],
        reason: str | None,
        *,
        keeps: str | None = None,
    ) -> Outcome:
        return Outcome(
            id=record_id("outcome", action.id, kind),
            kind=kind,
            conversation_id=action.conversation_id,
            event_time=from_ms(max(self._now_ms(), to_ms(action.event_time))),
            decision_id=action.id,
            tenant=action.tenant,
            customer_id=action.customer_id,
            agent_id=action.agent_id,
            source="executor",
            reason=reason[:500] if reason else None,
            keeps=keeps,
        )


def _key(action: Action, number: int) -> str:
    """The idempotency key of one call: the action's id, and for each further call of it the number."""
    return action.id if number == 0 else f"{action.id}:{number}"


def _reference(plan: Plan, facts: Mapping[str, object]) -> str | None:
    """The other system's own name for what it did; it is done, also where it gives none."""
    try:
        return str(plan.reference.fill(facts))[:500] if plan.reference else None
    except DeliveryError:
        return None


def _read(body: bytes) -> object:
    """An answer as places can read it; what is no JSON has no fields."""
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        return {}
