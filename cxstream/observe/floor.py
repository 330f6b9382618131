"""Prometheus metrics of the floor: how customers sound, what is at risk, who talks and who waits.

Counted per utterance and per conversation, never per customer or agent: nobody is rated by them.
"""

from __future__ import annotations

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram

from cxstream.events import ControlKind, Role, Signal

_SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
RISKS = ("annoyed", "dissatisfied", "goal_not_met")


class FloorMetrics:
    """Counts what signals say."""

    def __init__(self, registry: CollectorRegistry) -> None:
        tone = Histogram(
            "cxstream_customer_tone",
            "Tone of customers' utterances, from 0 (negative) to 1 (positive); valence is twice this less 1",
            ["channel"],
            buckets=_SHARES,
            registry=registry,
        )
        risk = Histogram(
            "cxstream_conversation_risk",
            "Probability after each customer's utterance of how the conversation may end",
            ["risk"],
            buckets=_SHARES,
            registry=registry,
        )
        self._tone = cache(tone.labels)
        self._risks = [(name, risk.labels(name)) for name in RISKS]
        self._ended = Counter(
            "cxstream_conversations_ended", "Conversations that ended", ["channel", "reason"],
            registry=registry,
        )  # fmt: skip
        self._talk = Histogram(
            "cxstream_agent_talk_share",
            "The agent's share of the time that was spoken, a conversation",
            buckets=_SHARES,
            registry=registry,
        )
        self._silence = Histogram(
            "cxstream_silence_share",
            "Silence's share of a spoken conversation",
            buckets=_SHARES,
            registry=registry,
        )

    def signalled(self, signal: Signal, channel: str) -> None:
        """A signal went out; `channel` is one of a bounded set."""
        if signal.scores is not None and signal.role is Role.CUSTOMER:
            tone = (signal.scores.sentiment.valence + 1) / 2  # a sum of negatives cannot be scraped
            self._tone(channel).observe(tone)
            if signal.risk is not None:
                for name, risk in self._risks:
                    risk.observe(getattr(signal.risk, name))
        if signal.kind == ControlKind.ENDED:
            self._ended.labels(channel, _reason(signal.reason)).inc()
            if signal.channel == "voice":
                self._talk.observe(_share(signal, "agent_talk_share"))
                self._silence.observe(_share(signal, "silence_share"))


def _share(signal: Signal, name: str) -> float:
    value = signal.conversation.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _reason(reason: str | None) -> str:
    return reason if reason in ("completed", "failed", "timeout") else "other"
