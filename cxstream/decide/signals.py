"""From a signal and its customer to the moment that playbooks decide about."""

from __future__ import annotations

from collections.abc import Mapping

from cxstream.context.customer import Customer
from cxstream.context.customer_facts import facts as customer_facts
from cxstream.decide.moment import Elsewhere, Moment
from cxstream.events import RoleSource, Signal, to_ms

_GUESSED = frozenset((RoleSource.DIARIZATION, RoleSource.UNKNOWN))


def moment_of(signal: Signal, customer: Customer, *, in_control: bool = False) -> Moment:
    """The moment of a signal; each group of facts is reckoned only when a rule reads it."""

    def facts(name: str) -> Mapping[str, object]:
        if name == "customer":
            return customer_facts(customer, signal.conversation_id)
        return _SIGNAL_FACTS[name](signal)

    scores = signal.scores
    return Moment(
        signal_id=signal.id,
        kind=signal.kind,
        conversation_id=signal.conversation_id,
        event_time_ms=to_ms(signal.event_time),
        facts=facts,
        role=signal.role.value if signal.role else "",
        customer_id=signal.customer_id,
        agent_id=signal.agent_id,
        queue=signal.queue,
        channel=signal.channel,
        tenant=signal.tenant,
        fragment_id=signal.fragment_id,
        text=signal.text,
        intent=scores.intent.label if scores else None,
        probability=scores.intent.probability if scores else 0.0,
        model=scores.model if scores else None,
        degraded=scores.degraded if scores else False,
        role_guessed=role_guessed(signal),
        bot_only=signal.conversation.get("bot_only") is True,
        agent_turns=_whole(signal.conversation.get("agent_turns")),
        next_actions=signal.next_actions,
        standing=customer.standing,
        elsewhere=_elsewhere(customer, signal.conversation_id, to_ms(signal.event_time)),
        in_control=in_control,
    )


def _elsewhere(customer: Customer, here: str, at_ms: int) -> tuple[Elsewhere, ...]:
    """Where else a person is talking with the customer, the latest first."""
    if len(customer.contacts) < 2:
        return ()
    others = sorted(
        (-contact.last_ms, name, contact)
        for name, contact in customer.contacts.items()
        if name != here and contact.talking(at_ms)
    )
    return tuple(Elsewhere(name, c.channel, c.agent_id) for _, name, c in others)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def role_guessed(signal: Signal) -> bool:
    """Whether who spoke is a guess."""
    return signal.role_source in _GUESSED


def _event(signal: Signal) -> Mapping[str, object]:
    return {
        "kind": signal.kind,
        "role": signal.role.value if signal.role else "",
        "reason": signal.reason or "",
    }


def _conversation(signal: Signal) -> Mapping[str, object]:
    return {"id": signal.conversation_id, **signal.conversation}


def _utterance(signal: Signal) -> Mapping[str, object]:
    """What was said and its scores; an utterance that was not scored has only its text."""
    if signal.text is None:
        return {}
    said: dict[str, object] = {
        "text": signal.text,
        "words": len(signal.text.split()),
        "role_guessed": role_guessed(signal),
        "degraded": signal.scores.degraded if signal.scores else False,
    }
    if signal.scores is None:
        return said
    scores = signal.scores
    return said | {
        "intent": scores.intent.label,
        "probability": scores.intent.probability,
        "sentiment": scores.sentiment.label,
        "valence": scores.sentiment.valence,
        "negative": scores.sentiment.probabilities.negative,
        "anger": scores.emotion.anger,
        "dissatisfaction": scores.emotion.dissatisfaction,
        "distress": scores.emotion.distress,
        "confusion": scores.emotion.confusion,
        "satisfaction": scores.emotion.satisfaction,
        "abuse": scores.abuse,
    }


_SIGNAL_FACTS = {"event": _event, "utterance": _utterance, "conversation": _conversation}
