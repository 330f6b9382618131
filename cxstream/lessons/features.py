"""What a learnt propensity reads of a moment: a dozen numbers near -1 to 1, always the same, in one order.

Few on purpose: each action learns from its own lessons, of which there are hundreds, not millions. Rounded
to four decimals, so that what was logged is to the bit what was learnt from. Nothing here says who the
customer is, and nothing is a guess at what nobody should decide by (age, sex, origin).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from cxstream.decide.moment import Moment

FEATURES: Final = (
    "one",
    "level",
    "trend",
    "risk",
    "negative_share",
    "anger",
    "repeats",
    "transfers",
    "turns",
    "contacts",
    "voice",
    "bot",
)
"""Names in order. `one` is 1 always; counts are on a logarithmic scale."""


def features_of(moment: Moment) -> tuple[float, ...]:
    """The numbers of a moment; the same whether they are logged or asked about."""
    facts = moment.facts if callable(moment.facts) else moment.facts.get
    before = (facts("customer") or {}).get("contacts_before", {})
    count = before.get("last_30d", 0) if isinstance(before, dict) else 0
    return features(facts("conversation") or {}, count)


def features(conversation: Mapping[str, object], earlier: int) -> tuple[float, ...]:
    """The numbers of a conversation's facts and the customer's earlier contacts of thirty days."""

    def number(name: str) -> float:
        value = conversation.get(name, 0.0)
        return float(value) if isinstance(value, int | float) else 0.0

    found = (
        1.0,
        number("level"),
        number("trend"),
        number("risk"),
        number("negative_share"),
        number("anger_max"),
        _count(number("repeats")),
        _count(number("transfers")),
        _count(number("customer_turns")),
        _count(earlier),
        float(conversation.get("channel") == "voice"),
        float(bool(conversation.get("bot_only"))),
    )
    return tuple(round(value, 4) for value in found)


def _count(number: float) -> float:
    return math.log1p(max(0.0, number)) / 3
