"""Decisions as the records that leave on the topics."""

from __future__ import annotations

from functools import singledispatch

from cxstream.decide.moment import (
    Decision,
    Effect,
    Escalate,
    Moment,
    RequestAction,
    ShowNudge,
    WithdrawNudge,
)
from cxstream.events import Action, Escalation, Nudge, from_ms


def to_record(decision: Decision, moment: Moment) -> Nudge | Action | Escalation:
    """The record of a decision made about a moment."""
    return _record(decision.effect, decision, moment)


@singledispatch
def _record(effect: Effect, decision: Decision, moment: Moment) -> Nudge | Action | Escalation:
    raise TypeError(f"no record for {type(effect).__name__}")


@_record.register
def _shown(effect: ShowNudge, decision: Decision, moment: Moment) -> Nudge:
    return Nudge(
        id=decision.id,
        conversation_id=moment.conversation_id,
        agent_id=effect.agent_id,
        title=effect.title,
        say=effect.say,
        event_time=from_ms(moment.event_time_ms),
        expires_at=from_ms(decision.expires_at_ms),
        why=decision.why,
        priority=decision.priority,
        tenant=moment.tenant,
        customer_id=moment.customer_id,
        channel=moment.channel,
    )


@_record.register
def _withdrawn(effect: WithdrawNudge, decision: Decision, moment: Moment) -> Nudge:
    return Nudge(
        id=decision.id,
        conversation_id=moment.conversation_id,
        agent_id=effect.agent_id,
        title=effect.title,
        say="",
        event_time=from_ms(moment.event_time_ms),
        expires_at=from_ms(decision.expires_at_ms),
        why=decision.why,
        priority=decision.priority,
        status="withdrawn",
        withdraws=effect.nudge_id,
        tenant=moment.tenant,
        customer_id=moment.customer_id,
        channel=moment.channel,
    )


@_record.register
def _action(effect: RequestAction, decision: Decision, moment: Moment) -> Action:
    return Action(
        id=decision.id,
        conversation_id=moment.conversation_id,
        action=effect.name,
        event_time=from_ms(moment.event_time_ms),
        expires_at=from_ms(decision.expires_at_ms),
        why=decision.why,
        parameters=effect.parameters,
        needs_approval=effect.needs_approval,
        tenant=moment.tenant,
        customer_id=moment.customer_id,
        agent_id=moment.agent_id,
    )


@_record.register
def _escalation(effect: Escalate, decision: Decision, moment: Moment) -> Escalation:
    return Escalation(
        id=decision.id,
        conversation_id=moment.conversation_id,
        reason=effect.reason,
        severity=effect.severity,
        summary=effect.summary,
        event_time=from_ms(moment.event_time_ms),
        why=decision.why,
        tenant=moment.tenant,
        customer_id=moment.customer_id,
        agent_id=moment.agent_id,
        queue=moment.queue,
        channel=moment.channel,
    )
