"""What supervisors watch comes from signals alone, under bounded labels."""

from __future__ import annotations

import msgspec
from prometheus_client import CollectorRegistry

from cxstream.events import Risk, Role, Signal, from_ms
from cxstream.observe.floor import FloorMetrics
from cxstream.understand.lexicon import LexiconScorer


def signal(**changed: object) -> Signal:
    scores = LexiconScorer().score(["this is a disgrace"])[0]
    base = Signal(
        id="s",
        kind="utterance",
        conversation_id="c",
        channel="voice",
        event_time=from_ms(0),
        seq=1,
        role=Role.CUSTOMER,
        scores=scores,
        risk=Risk(0.7, 0.2, 0.1),
    )
    return msgspec.structs.replace(base, **changed)


def test_customers_are_heard_and_agents_are_not_rated() -> None:
    registry = CollectorRegistry()
    floor = FloorMetrics(registry)
    floor.signalled(signal(), "voice")
    floor.signalled(signal(role=Role.AGENT), "voice")
    value = registry.get_sample_value
    assert value("cxstream_customer_tone_count", {"channel": "voice"}) == 1
    assert value("cxstream_conversation_risk_sum", {"risk": "annoyed"}) == 0.7
    assert value("cxstream_conversations_ended_total", {"channel": "voice", "reason": "x"}) is None


def test_an_end_tells_who_talked() -> None:
    registry = CollectorRegistry()
    floor = FloorMetrics(registry)
    facts = {"agent_talk_share": 0.4, "silence_share": 0.25}
    ended = signal(
        kind="conversation.ended", role=None, scores=None, reason="odd", conversation=facts
    )
    floor.signalled(ended, "voice")
    value = registry.get_sample_value
    assert value("cxstream_conversations_ended_total", {"channel": "voice", "reason": "other"}) == 1
    assert value("cxstream_agent_talk_share_sum") == 0.4
    assert value("cxstream_silence_share_sum") == 0.25
