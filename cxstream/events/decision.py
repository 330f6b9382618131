"""What was decided, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from cxstream.events.outcome import Approval


class Evidence(Struct, frozen=True):
    """The words a decision rests on: characters `start` to `end` of the utterance's text."""

    fragment_id: str
    start: int
    end: int
    text: str


class Carried(Struct, frozen=True):
    """Words that carried a score which a decision rests on: characters `start` to `end` of the utterance.

    `signal` names the score (`intent.cancel_service`, `emotion.anger`, `sentiment.negative`, `abuse`);
    `weight` is the words' share of all that spoke for it, 0 to 1.
    """

    signal: str
    fragment_id: str
    start: int
    end: int
    text: str
    weight: float


class RuleRef(Struct, frozen=True):
    """The rule that made a decision."""

    id: str
    playbook: str
    version: str


class Rejection(Struct, frozen=True, omit_defaults=True):
    """A candidate that was not chosen, why, and at which gate (see `decide.gates`) it was turned down."""

    rule: str
    reason: str
    gate: str = ""


class Weight(Struct, frozen=True):
    """What a candidate weighed against the others: `priority` = P x C x V x L.

    `propensity` is P, that it will be taken up; `context` is C, what the moment adds; `value` is V, what it is
    worth; `lever` is L, the business's thumb on the scale. `source` says where P came from: `model`,
    `learnt`, `start` (assumed in the playbook), or `must` for what is said whatever it weighs.
    """

    priority: float
    propensity: float = 1.0
    context: float = 1.0
    value: float = 1.0
    lever: float = 1.0
    source: Literal["model", "learnt", "start", "must"] = "start"


class Choice(Struct, frozen=True):
    """Which of the four ways was taken, and why that one.

    `automate`: a system does it, nobody is asked. `nudge`: an agent is told. `act`: a back office does it, with
    an agent or an approver in the know. `escalate`: a supervisor takes over.
    """

    mode: Literal["automate", "nudge", "act", "escalate"]
    reason: str


class Why(Struct, frozen=True, omit_defaults=True):
    """A decision's explanation: the rule, the words, the numbers, and what was rejected.

    `evidence` is what the rule matched or quotes, `carried` which words the model's scores hang on, `weight`
    how it compared with the others, `choice` why it is done this way.
    """

    rule: RuleRef
    because: str
    evidence: tuple[Evidence, ...] = ()
    scores: dict[str, float | str | bool] = {}
    rejected: tuple[Rejection, ...] = ()
    model: str | None = None
    degraded: bool = False
    carried: tuple[Carried, ...] = ()
    weight: Weight | None = None
    choice: Choice | None = None


class Nudge(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.nudge.v1"):
    """A decision shown to an agent while the customer is still talking. Key: agent_id.

    `status` is `shown`, or `withdrawn` when the reason for an earlier nudge (`withdraws`) is gone.
    `conversation_id` is the conversation that shows it; `heard_in` the one where its reason was heard, when
    the customer is in two at once and that is another. `must_say` goes before every priority.
    """

    id: str
    conversation_id: str
    agent_id: str
    title: str
    say: str
    event_time: datetime
    expires_at: datetime
    why: Why
    priority: int = 50
    status: Literal["shown", "withdrawn"] = "shown"
    withdraws: str | None = None
    tenant: str = "default"
    customer_id: str | None = None
    channel: str = "voice"
    heard_in: str | None = None
    must_say: bool = False


class Action(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.action.v1"):
    """A next best action for a back-office system to carry out. Key: customer_id, else conversation_id.

    One that `needs_approval` waits: somebody with one of the roles in `approvers` says yes or no on
    `cx.approvals` until `approve_by`, and the action is published again under the same id with its `status`
    and, where somebody spoke, the `approval`. Nothing is carried out unless `cleared`. `contact` is the
    channel on which it gets in touch with the customer, if it does; `not_before` the end of their quiet hours:
    executors hold it back until then. One that was done and is not wanted any more (`undone_by` an agent) comes
    again as `undone`: executors take it back where they know how.
    """

    id: str
    conversation_id: str
    action: str
    event_time: datetime
    expires_at: datetime
    why: Why
    parameters: dict[str, str] = {}
    needs_approval: bool = False
    tenant: str = "default"
    customer_id: str | None = None
    agent_id: str | None = None
    purpose: str = "service"
    contact: str | None = None
    approvers: tuple[str, ...] = ()
    approve_by: datetime | None = None
    otherwise: Literal["expire", "escalate"] = "expire"
    not_before: datetime | None = None
    status: Literal["proposed", "approved", "refused", "expired", "undone"] = "proposed"
    approval: Approval | None = None
    undone_by: str | None = None

    @property
    def begins(self) -> datetime:
        """When it may first be carried out; the time it is valid for counts from here."""
        begun = self.approval.event_time if self.approval else self.event_time
        return max(begun, self.not_before) if self.not_before else begun

    @property
    def cleared(self) -> bool:
        """Whether it may be carried out: no approval is needed, or this one was given by somebody who may."""
        return self.status == ("approved" if self.needs_approval else "proposed") and self.allowed

    @property
    def allowed(self) -> bool:
        """Whether somebody who may has said yes, where a yes is needed."""
        given = self.approval
        return not self.needs_approval or (
            given is not None
            and given.verdict == "approved"
            and given.decision_id == self.id
            and not set(given.roles).isdisjoint(self.approvers)
        )


class Escalation(
    Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.escalation.v1"
):
    """A conversation handed to a supervisor, with the reason and what has happened. Key: conversation_id."""

    id: str
    conversation_id: str
    reason: str
    severity: Literal["low", "medium", "high", "critical"]
    summary: str
    event_time: datetime
    why: Why
    tenant: str = "default"
    customer_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    channel: str = "voice"
