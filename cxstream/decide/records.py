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
        conversation_id=effect.conversation_id,
        agent_id=effect.agent_id,
        title=effect.title,
        say=effect.say,
        event_time=from_ms(moment.event_time_ms),
        expires_at=from_ms(decision.expires_at_ms),
        why=decision.why,
        priority=decision.priority,
        tenant=moment.tenant,
        customer_id=moment.customer_id,
        channel=effect.channel,
        heard_in=_heard_in(effect, moment),
        must_say=effect.must_say,
    )


@_record.register
def _withdrawn(effect: WithdrawNudge, decision: Decision, moment: Moment) -> Nudge:
    return Nudge(
        id=decision.id,
        conversation_id=effect.conversation_id,
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
        channel=effect.channel,
        heard_in=_heard_in(effect, moment),
    )


@_record.register
def _action(effect: RequestAction, decision: Decision, moment: Moment) -> Action:
    approval = effect.approval
    return Action(
        id=decision.id,
        conversation_id=moment.conversation_id,
        action=effect.name,
        event_time=from_ms(moment.event_time_ms),
        expires_at=from_ms(decision.expires_at_ms),
        why=decision.why,
        parameters=effect.parameters,
        needs_approval=approval is not None,
        tenant=moment.tenant,
        customer_id=moment.customer_id,
        agent_id=moment.agent_id,
        purpose=effect.purpose,
        contact=effect.contact or None,
        approvers=approval.roles if approval else (),
        approve_by=from_ms(moment.event_time_ms + approval.within_s * 1000) if approval else None,
        otherwise=approval.otherwise if approval else "expire",
        not_before=from_ms(effect.not_before_ms) if effect.not_before_ms else None,
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


def _heard_in(effect: ShowNudge | WithdrawNudge, moment: Moment) -> str | None:
    """Where the reason was heard, when another conversation shows the card."""
    return None if effect.conversation_id == moment.conversation_id else moment.conversation_id
