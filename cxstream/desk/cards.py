"""What becomes of a decision on somebody's screen: shown, answered, taken back, gone.

Answers are outcomes on `cx.outcomes`, and this is a fold over them, so that every desk process comes to the
same state. The id of an answer is made of the decision, the answer, and how many came before it: a click
that is repeated, or sent to two processes, is one; a change of mind is another one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct, field

from cxstream.events import Outcome, OutcomeKind, record_id

Answer = Literal["accepted", "dismissed", "later", "undone"]
"""What a person may say of a card; `undone` takes back what was said last."""

ANSWERS: tuple[Answer, ...] = get_args(Answer)
State = Literal["open", "accepted", "dismissed", "later"]
_STATE_AFTER: dict[str, State] = {
    "accepted": "accepted",
    "dismissed": "dismissed",
    "later": "later",
    "undone": "open",
}


class Answers(Struct):
    """The answers to one decision, in their order on the topic."""

    state: State = "open"
    shown: bool = False
    by: str | None = None
    ids: list[str] = field(default_factory=list)

    def take(self, outcome: Outcome) -> bool:
        """Fold an outcome in; whether anything changed. Once taken, an id changes nothing more."""
        if outcome.kind == "shown":
            was, self.shown = self.shown, True
            return not was
        state = _STATE_AFTER.get(outcome.kind)
        if state is None or outcome.id in self.ids:
            return False
        self.ids.append(outcome.id)
        self.state = state
        self.by = outcome.agent_id or outcome.reason or self.by
        return True

    def id_of(self, decision_id: str, kind: OutcomeKind) -> str:
        """The id that this answer has now: that of the last one when it says the same again."""
        if kind == "shown":
            return record_id("outcome", decision_id, kind)
        repeats = bool(self.ids) and _STATE_AFTER.get(kind) == self.state
        count = len(self.ids) - 1 if repeats else len(self.ids)
        return record_id("outcome", decision_id, kind, count)


def outcome_of(
    answers: Answers,
    kind: OutcomeKind,
    *,
    decision_id: str,
    conversation_id: str,
    at: datetime,
    tenant: str,
    customer_id: str | None,
    agent_id: str | None,
    source: Literal["desk", "supervisor"] = "desk",
    reason: str | None = None,
) -> Outcome:
    """The record of an answer given now."""
    return Outcome(
        id=answers.id_of(decision_id, kind),
        kind=kind,
        conversation_id=conversation_id,
        event_time=at,
        decision_id=decision_id,
        tenant=tenant,
        customer_id=customer_id,
        agent_id=agent_id,
        source=source,
        reason=reason,
    )
