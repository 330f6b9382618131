"""What does a story look like on paper? The schema of a story file, as its author writes it.

A line is one thing said (`customer: ...`, `agent: ...`, `bot: ...`, ...) or one thing that happened
(`hold:`, `resume:`, `transfer:`, `updated:`, `ended:`). When it happens is the author's choice of

    at: 12.4        seconds after the conversation's start; `2:07.5` and `1:02:07` read as minutes and hours
    pause: 6        so many seconds of silence after the line before
    overlap: 1.5    begins so many seconds before the line before has ended (voice)
    (nothing)       follows the line before as people talk, or as long as it takes to type

`docs` for authors: the comment at the head of `conversations/01-calm-order-question.yaml`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1)]
Seconds = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]

SPEAKERS = ("customer", "agent", "bot", "supervisor", "system", "unknown")
HAPPENINGS = ("hold", "resume", "transfer", "updated", "ended")


class Transfer(Struct, frozen=True, forbid_unknown_fields=True):
    """Who takes over: the agent, and the queue where that changes too."""

    to: Text
    queue: str | None = None
    reason: str | None = None


class Updated(Struct, frozen=True, forbid_unknown_fields=True):
    """What became known half-way through: most often, who the customer is."""

    customer: str | None = None
    agent: str | None = None
    queue: str | None = None


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a conversation: exactly one of the speakers or happenings, and its timing."""

    customer: Text | None = None
    agent: Text | None = None
    bot: Text | None = None
    supervisor: Text | None = None
    system: Text | None = None
    unknown: Text | None = None
    hold: str | None = None
    resume: str | None = None
    transfer: Transfer | None = None
    updated: Updated | None = None
    ended: str | None = None
    at: str | None = None
    pause: Seconds | None = None
    overlap: Seconds | None = None
    takes: Annotated[float, Meta(gt=0)] | None = None
    label: str | None = None
    partials: Annotated[int, Meta(ge=0, le=50)] = 0
    heard: str | None = None
    amended: str | None = None
    duplicate: bool = False
    late: Seconds = 0.0
    confidence: Share | None = None
    internal: bool = False

    def kinds(self) -> list[str]:
        """The speakers and happenings that the line names; a sound line names one."""
        return [k for k in SPEAKERS + HAPPENINGS if getattr(self, k) is not None]


class Conversation(Struct, frozen=True, forbid_unknown_fields=True):
    """One contact on one channel; `starts` counts from the story's start, or is a full date."""

    id: Text
    channel: Literal["voice", "chat", "sms", "email"]
    lines: Annotated[tuple[Line, ...], Meta(min_length=1)]
    starts: str = "0"
    customer: str | None = None
    agent: str | None = None
    queue: str | None = None
    language: str = "en-GB"
    roles: Literal["explicit", "channel_map", "diarization"] | None = None


class Expectation(Struct, frozen=True, forbid_unknown_fields=True):
    """What must come out: one kind with its rule id (`summary`: the conversation's id, `passport`: its cause).

    It must come at or after the line `after`, and no later than the line `by`. The other fields, where
    given, must hold of the record too: `tells` are words that must stand somewhere in it. `nice` marks what a
    good system does and a sound one may miss.
    """

    nudge: str | None = None
    action: str | None = None
    escalation: str | None = None
    summary: str | None = None
    passport: Literal["transfer", "escalation", "channel_change", "return_visit"] | None = None
    after: str | None = None
    by: str | None = None
    conversation: str | None = None
    why: str = ""
    nice: bool = False
    does: str | None = None
    approval: bool | None = None
    severity: Literal["low", "medium", "high", "critical"] | None = None
    customer: str | None = None
    agent: str | None = None
    intents: tuple[str, ...] = ()
    tells: tuple[Text, ...] = ()

    @property
    def kind(self) -> str:
        """`nudge`, `action`, `escalation`, `summary` or `passport`."""
        return self.kinds()[0]

    @property
    def rule(self) -> str:
        """The rule's id, or the conversation's for a summary, the cause of a passport."""
        return str(getattr(self, self.kind))

    def kinds(self) -> list[str]:
        """The kinds that the expectation names; a sound one names one."""
        names = ("nudge", "action", "escalation", "summary", "passport")
        return [k for k in names if getattr(self, k) is not None]


class Never(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule that must not fire: at all, or not before a line, or not at or after it, or not in one
    conversation."""

    rule: Text
    before: str | None = None
    after: str | None = None
    conversation: str | None = None
    why: str = ""


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """The most that may come out of a whole story: a nudge too many is a cost."""

    nudge: Annotated[int, Meta(ge=0)] | None = None
    action: Annotated[int, Meta(ge=0)] | None = None
    escalation: Annotated[int, Meta(ge=0)] | None = None


class Script(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole story file. `shows` says in a sentence or two why the story is here."""

    title: Text
    shows: Text
    start: datetime
    conversations: Annotated[tuple[Conversation, ...], Meta(min_length=1)]
    trade: str = ""
    tenant: str = "demo"
    expect: tuple[Expectation, ...] = ()
    never: tuple[str | Never, ...] = ()
    at_most: Limits = Limits()

    def nevers(self) -> tuple[Never, ...]:
        """`never`, with the short form (just the rule's id) written out."""
        return tuple(Never(rule=n) if isinstance(n, str) else n for n in self.never)
