"""Records of a live floor, for tests: signals, nudges, escalations, actions, outcomes."""

from __future__ import annotations

from cxstream.events import (
    Action,
    Emotion,
    Escalation,
    Evidence,
    Intent,
    Nudge,
    Outcome,
    OutcomeKind,
    Role,
    RuleRef,
    Scores,
    Sentiment,
    SentimentProbabilities,
    Signal,
    Stage,
    Why,
    from_ms,
)

T0 = 1_790_000_000_000
"""When the tests' conversations begin, epoch milliseconds."""

WHY = Why(
    rule=RuleRef("billing_explain", "service", "1"),
    because="They asked what the charge is.",
    evidence=(Evidence("f-1", 0, 4, "what"),),
)


def scores(valence: float = 0.0, *, anger: float = 0.0, intent: str = "billing_dispute") -> Scores:
    """What a model might say."""
    tones = SentimentProbabilities(max(0.0, -valence), 1 - abs(valence), max(0.0, valence))
    return Scores(
        Intent(intent, 0.9, ((intent, 0.9),)),
        Sentiment("neutral", valence, tones),
        Emotion(anger, 0.0, 0.0, 0.0, 0.0),
        0.0,
        "test",
    )


def signal(
    seq: int = 1,
    text: str | None = "what is this charge",
    *,
    conversation: str = "call-1",
    agent: str | None = "a-1",
    customer: str | None = "c-1",
    queue: str | None = "billing",
    tenant: str = "default",
    at_s: float | None = None,
    role: Role = Role.CUSTOMER,
    valence: float = 0.0,
    kind: str = "utterance",
    channel: str = "voice",
    fragment: str | None = None,
    revision: int = 0,
    stage: Stage = Stage.FINAL,
    risk: float = 0.2,
    **facts: object,
) -> Signal:
    """The `seq`th signal of a conversation, ten seconds after the one before."""
    said = text is not None
    fragment_id = fragment or (f"f-{seq}" if said else None)
    return Signal(
        id=f"signal_{conversation}_{seq}",
        kind=kind,
        conversation_id=conversation,
        channel=channel,
        event_time=from_ms(T0 + int(1000 * (10 * seq if at_s is None else at_s))),
        seq=seq,
        tenant=tenant,
        customer_id=customer,
        agent_id=agent,
        queue=queue,
        fragment_id=fragment_id,
        stage=stage if said else None,
        revision=revision,
        role=role if said else None,
        text=text,
        scores=scores(valence) if said else None,
        conversation={"risk": risk, "on_hold": False, "ended": False, **facts},
    )


def nudge(
    number: int = 1,
    *,
    agent: str = "a-1",
    conversation: str = "call-1",
    at_s: float = 10.0,
    valid_s: float = 60.0,
    tenant: str = "default",
    withdraws: str | None = None,
    priority: int = 50,
) -> Nudge:
    """A nudge that is shown, or one that takes an earlier one away."""
    return Nudge(
        id=f"nudge_{number}",
        conversation_id=conversation,
        agent_id=agent,
        title=f"Nudge {number}",
        say="Let me go through the bill with you.",
        event_time=from_ms(T0 + int(at_s * 1000)),
        expires_at=from_ms(T0 + int((at_s + valid_s) * 1000)),
        why=WHY,
        priority=priority,
        status="withdrawn" if withdraws else "shown",
        withdraws=withdraws,
        tenant=tenant,
        customer_id="c-1",
    )


def escalation(
    number: int = 1, *, conversation: str = "call-1", queue: str = "billing"
) -> Escalation:
    """A conversation handed to a supervisor."""
    return Escalation(
        id=f"escalation_{number}",
        conversation_id=conversation,
        reason="asks_for_supervisor",
        severity="high",
        summary="They ask for a manager.",
        event_time=from_ms(T0 + 20_000),
        why=WHY,
        customer_id="c-1",
        agent_id="a-1",
        queue=queue,
    )


def action(
    number: int = 1,
    *,
    conversation: str = "call-1",
    approvers: tuple[str, ...] = ("team_lead",),
    valid_s: float = 600.0,
) -> Action:
    """An action that waits for approval."""
    return Action(
        id=f"action_{number}",
        conversation_id=conversation,
        action="block_card",
        event_time=from_ms(T0 + 20_000),
        expires_at=from_ms(T0 + int((20 + valid_s) * 1000)),
        why=WHY,
        needs_approval=True,
        customer_id="c-1",
        agent_id="a-1",
        approvers=approvers,
    )


def outcome(kind: OutcomeKind, number: int, *, decision: str = "nudge_1") -> Outcome:
    """An answer, as it comes off its topic."""
    return Outcome(
        id=f"outcome_{number}",
        kind=kind,
        conversation_id="call-1",
        event_time=from_ms(T0 + 30_000),
        decision_id=decision,
        agent_id="a-1",
    )
