"""Each record of the loop as steps of a journey, in words that a supervisor reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import singledispatch
from typing import Final, Literal, NamedTuple

from cxstream.events import (
    Action,
    DecisionRecord,
    Escalation,
    LedgerRow,
    Lesson,
    Nudge,
    Outcome,
    Role,
    Signal,
    Summary,
    Why,
)

Stage = Literal["heard", "understood", "decided", "done", "outcome", "learnt"]

_DONE: Final = frozenset(
    ("shown", "accepted", "dismissed", "later", "undone", "ignored", "overridden", "acted")
)


class Told(NamedTuple):
    """What one record tells."""

    at: datetime
    stage: Stage
    conversation_id: str
    what: str
    who: str = ""
    why: str = ""
    details: Mapping[str, object] = {}


@singledispatch
def tell(record: object) -> Iterator[Told]:
    """The steps of a record; of most kinds of records there are none."""
    return iter(())


@tell.register
def _signal(record: Signal) -> Iterator[Told]:
    at, where = record.event_time, record.conversation_id
    if record.text is None:
        yield Told(
            at, "heard", where, record.kind.replace("conversation.", ""), why=record.reason or ""
        )
        return
    who = record.role.value if record.role else ""
    yield Told(at, "heard", where, record.text, who, details={"channel": record.channel})
    if record.scores is None or record.role is not Role.CUSTOMER:
        return
    scores = record.scores
    what = f"{scores.intent.label.replace('_', ' ')} ({scores.intent.probability:.0%})"
    details = {
        "sentiment": scores.sentiment.label,
        "valence": scores.sentiment.valence,
        "risk": record.conversation.get("risk"),
        "model": scores.model,
        "degraded": scores.degraded or None,
    }
    yield Told(at, "understood", where, f"{what}, {scores.sentiment.label}", details=details)


@tell.register
def _nudge(record: Nudge) -> Iterator[Told]:
    taken_back = record.status == "withdrawn"
    what = f"card withdrawn: {record.title}" if taken_back else f"nudge: {record.title}"
    yield Told(
        record.event_time,
        "decided",
        record.conversation_id,
        what,
        record.agent_id,
        record.why.because,
        {"decision_id": record.id, "say": record.say, **_reasons(record.why)},
    )


@tell.register
def _action(record: Action) -> Iterator[Told]:
    waits = " (needs approval)" if record.needs_approval else ""
    yield Told(
        record.event_time,
        "decided",
        record.conversation_id,
        f"action: {record.action.replace('_', ' ')}{waits}",
        why=record.why.because,
        details={"decision_id": record.id, "parameters": record.parameters, **_reasons(record.why)},
    )


@tell.register
def _escalation(record: Escalation) -> Iterator[Told]:
    yield Told(
        record.event_time,
        "decided",
        record.conversation_id,
        f"escalation: {record.reason.replace('_', ' ')} ({record.severity})",
        "supervisor",
        record.why.because,
        {"decision_id": record.id, **_reasons(record.why)},
    )


@tell.register
def _logged(record: DecisionRecord) -> Iterator[Told]:
    """Only of the control group: what anybody else would have been given."""
    if record.group == "control":
        rules = [c.rule for c in record.candidates if c.decision_id is not None]
        yield Told(
            record.event_time,
            "decided",
            record.conversation_id,
            f"withheld: {', '.join(rules)}",
            why="the customer is in this month's control group",
        )


@tell.register
def _row(record: LedgerRow) -> Iterator[Told]:
    for step in record.steps:
        yield Told(
            step.at,
            "done",
            record.conversation_id,
            f"{record.what.replace('_', ' ')}: {step.state}",
            step.who,
            step.why,
            {"ledger_id": record.id, "late": record.late or None, "reference": step.reference},
        )


@tell.register
def _outcome(record: Outcome) -> Iterator[Told]:
    done = record.kind in _DONE
    yield Told(
        record.event_time,
        "done" if done else "outcome",
        record.conversation_id,
        record.kind.replace("_", " "),
        record.agent_id or record.source if done else record.source,
        record.reason or "",
        {"decision_id": record.decision_id, "value": record.value},
    )


@tell.register
def _summary(record: Summary) -> Iterator[Told]:
    left = (
        f", left open: {', '.join(record.unresolved)}"
        if record.unresolved
        else ", nothing left open"
    )
    yield Told(
        record.ended_at,
        "outcome",
        record.conversation_id,
        f"ended: {record.disposition}{left}",
        why=record.text,
    )


@tell.register
def _lesson(record: Lesson) -> Iterator[Told]:
    reward = "nothing to learn" if record.reward is None else f"reward {record.reward:g}"
    yield Told(
        record.settled_at,
        "learnt",
        record.conversation_id,
        f"{record.rule}: {record.verdict}, {reward}",
        details={"decision_id": record.decision_id, "well": record.well, "mood": record.mood},
    )


def _reasons(why: Why) -> dict[str, object]:
    """Why this and not something else."""
    return {
        "rule": why.rule.id,
        "playbook": f"{why.rule.playbook} {why.rule.version}",
        "evidence": [evidence.text for evidence in why.evidence],
        "rejected": [f"{r.rule}: {r.reason}" for r in why.rejected],
    }
