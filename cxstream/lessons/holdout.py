"""The control group: a small share of customers who get no suggestions this month, to know what they are worth.

Without it nobody can say whether the loop pays. Who belongs to it is a hash of customer and month (UTC), so
it is the same in every process and on every replay, and nobody stays in it for ever. Whoever is not known
belongs to no group. What protects people is never withheld: escalations, and what must be said.

Source: the control group of Pega Customer Decision Hub (2 %, random by customer and month).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from cxstream.events import from_ms

SHARE: Final = 0.02
_BITS = 64


def in_control(customer_id: str | None, at_ms: int, share: float = SHARE) -> bool:
    """Whether a customer gets no suggestions in the month of an event time (UTC epoch milliseconds)."""
    if customer_id is None or share <= 0:
        return False
    at = from_ms(at_ms)
    return uniform(f"control\x1f{customer_id}\x1f{at.year}-{at.month:02}") < share


def uniform(seed: str) -> float:
    """A number from 0 to 1 (not included) that only the seed decides."""
    digest = blake2b(seed.encode("utf-8", "replace"), digest_size=_BITS // 8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)
