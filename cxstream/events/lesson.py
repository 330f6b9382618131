"""What is kept of decisions to learn from: what could be chosen, what it earned, what is believed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

Group = Literal["treated", "control"]


class Candidate(Struct, frozen=True, omit_defaults=True):
    """One that could have been chosen in a moment, and with what chance it was.

    Its priority was `chance` x `weight`: P, and C x V x L. `propensity` is the chance with which the policy
    in force chose it: 1 or 0 while nothing is explored. `decision_id` is set on what was chosen; `rejected`
    says why it was not.
    """

    rule: str
    kind: str
    propensity: float
    chance: float = 1.0
    weight: float = 1.0
    decision_id: str | None = None
    rejected: str = ""


class DecisionRecord(
    Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.decision.v1"
):
    """A moment's choice: its alternatives and their propensities. Key: customer_id, else conversation_id.

    `context` are the numbers that a learnt propensity reads (see `lessons.features`). In the group `control`
    what was chosen was withheld. `beliefs` says which learnt propensities were in force ("" for none), so
    that the choice can be made again.
    """

    id: str
    conversation_id: str
    event_time: datetime
    context: tuple[float, ...]
    candidates: tuple[Candidate, ...]
    group: Group = "treated"
    beliefs: str = ""
    tenant: str = "default"
    customer_id: str | None = None
    agent_id: str | None = None
    channel: str = "voice"


class Lesson(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.lesson.v1"):
    """What a decision earned, once its window had closed. Key: the rule.

    `reward` is from 0 to 1, None when nobody can say (see `verdict`): then nothing is learnt from it. `well`
    is whether the conversation ended well, whatever the decision did for it. `event_time` is the decision's,
    `settled_at` when the window closed; `mood` the customer's at the end, -1 to 1.
    """

    id: str
    decision_id: str
    conversation_id: str
    rule: str
    kind: str
    event_time: datetime
    settled_at: datetime
    context: tuple[float, ...]
    propensity: float
    verdict: str
    reward: float | None = None
    well: bool | None = None
    mood: float | None = None
    value: float | None = None
    group: Group = "treated"
    tenant: str = "default"
    customer_id: str | None = None


class Learnt(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="cx.learnt.v1"):
    """What is believed of one rule's success after so many lessons. Key: the rule; the newest holds.

    `state` is the snapshot of its model (see `lessons.propensity`), in base64 on the wire.
    """

    id: str
    rule: str
    lessons: int
    event_time: datetime
    state: bytes
