"""The vocabularies of the heads: one place, because training, serving and playbooks must agree on them."""

from __future__ import annotations

from typing import Final

ACTS: Final = ("greeting", "goodbye", "thanks", "affirm", "deny", "provide_info")
"""Moves of a conversation; with `out_of_scope` the intents that are not topics."""

TOPICS: Final = (
    "speak_to_human",
    "cancel_service",
    "billing_dispute",
    "refund_request",
    "payment_or_transfer",
    "fees_and_pricing",
    "balance_or_statement",
    "order_or_delivery_status",
    "start_or_order",
    "change_or_upgrade",
    "account_access",
    "account_update",
    "verify_identity",
    "lost_or_stolen",
    "fraud_report",
    "technical_problem",
    "claim_or_accident",
    "book_appointment",
    "find_location",
    "information_request",
)
"""What a customer can want from a contact centre."""

INTENTS: Final = (*ACTS, *TOPICS, "out_of_scope")
SENTIMENTS: Final = ("negative", "neutral", "positive")
EMOTIONS: Final = ("anger", "dissatisfaction", "distress", "confusion", "satisfaction")

MOODS: Final = ("positive", "negative", "ambiguous", "neutral")
"""GoEmotions' own four groups of its labels; a text may be of several. `ambiguous`: surprise, curiosity."""
