"""What a conversation needs of a model that foresees how it will go, without saying which one.

The model keeps nothing: what it remembers of a conversation is a short string of bytes that lives in the
conversation's state and is folded on, utterance by utterance, in event order. So it is replayed, snapshotted
and refolded with everything else that hangs on order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from cxstream.context.entry import Entry
from cxstream.events import Risk

Ranked = tuple[tuple[str, float], ...]
"""Labels with their probabilities, likeliest first."""


class Said(NamedTuple):
    """An utterance where it stands: the pause before it in milliseconds, and whether it was a repeat."""

    entry: Entry
    gap_ms: int
    repeated: bool


class Outlook(NamedTuple):
    """How things stand after a customer's utterance.

    `level` is an index from 0 to 1 that rules compare with; `risk` holds probabilities where the model is
    a calibrated one.
    """

    risk: Risk
    level: float


class Foresight(Protocol):
    """From a conversation so far to its risk and the agent's likely next actions.

    The same memory and utterance give the same memory, bit for bit; an empty memory is the beginning of
    a conversation. No method raises on anything that an `Entry` can hold.
    """

    def follow(self, memory: bytes, said: Said) -> bytes:
        """The memory after one more utterance of whoever; at most a few hundred bytes."""

    def outlook(self, memory: bytes, facts: Mapping[str, object]) -> Outlook:
        """The risk after a customer's utterance; `facts` are those of `context.arc.facts`."""

    def next_actions(self, memory: bytes) -> Ranked:
        """What the agent will probably do next, at most five; nothing where nothing is known."""
