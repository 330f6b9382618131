"""Moments for tests: a calm voice call with an agent, in which only what a test names is different."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxstream.decide.decider import Decider
from cxstream.decide.load import load_playbook
from cxstream.decide.moment import Moment
from cxstream.decide.vocabulary import fields

START_MS = 1_790_000_000_000


def calm() -> dict[str, dict[str, Any]]:
    """Facts of a customer and conversation about which nothing is known and nothing is wrong."""
    facts: dict[str, dict[str, Any]] = {}
    for path, field in fields():
        root, *groups, leaf = path.split(".")
        here = facts.setdefault(root, {})
        for group in groups:
            here = here.setdefault(group, {})
        here[leaf] = type(field.example)()
    facts["conversation"] |= {"id": "c-1", "channel": "voice", "age_s": 120, "has_agent": True}
    facts["conversation"] |= {"customer_turns": 3, "agent_turns": 3, "agent_talk_share": 0.5}
    facts["utterance"] |= {"sentiment": "neutral", "negative": 0.2, "intent": "out_of_scope"}
    return facts


def moment(
    text: str | None = None,
    *,
    kind: str = "utterance",
    role: str = "customer",
    intent: str = "out_of_scope",
    probability: float = 0.4,
    at_s: float = 0,
    signal_id: str = "",
    conversation_id: str = "c-1",
    agent_id: str | None = "a-1",
    channel: str = "voice",
    degraded: bool = False,
    role_guessed: bool = False,
    utterance: Mapping[str, Any] | None = None,
    conversation: Mapping[str, Any] | None = None,
    customer: Mapping[str, Any] | None = None,
) -> Moment:
    """A moment `at_s` seconds after the start; mappings name the facts that are not calm."""
    facts = calm()
    facts["event"] = {"kind": kind, "role": role, "reason": ""}
    facts["conversation"] |= {"id": conversation_id, "channel": channel, **(conversation or {})}
    facts["customer"] |= customer or {}
    if text is None:
        facts["utterance"] = {}
    else:
        said = {"text": text, "words": len(text.split()), "intent": intent}
        facts["utterance"] |= {**said, "probability": probability, **(utterance or {})}
    return Moment(
        signal_id=signal_id or f"signal-{conversation_id}-{at_s}-{text}-{role}",
        kind=kind,
        conversation_id=conversation_id,
        event_time_ms=START_MS + int(at_s * 1000),
        facts=facts,
        role=role if text is not None else "",
        customer_id="k-1",
        agent_id=agent_id,
        queue="q",
        channel=channel,
        fragment_id="f-1" if text is not None else None,
        text=text,
        intent=intent if text is not None else None,
        probability=probability if text is not None else 0.0,
        model="m-1" if text is not None else None,
        degraded=degraded,
        role_guessed=role_guessed,
    )


def decider(rules: str) -> Decider:
    """A decider of one playbook with these rules (YAML list items, not indented)."""
    body = "\n".join(f"  {line}" for line in rules.strip("\n").splitlines())
    return Decider([load_playbook(f"playbook: t\nversion: '1'\nrules:\n{body}\n", "t.yaml")])
