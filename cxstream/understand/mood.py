"""Moods: the four groups that GoEmotions sorts its labels into; a text may be of several.

Nothing that decides reads them. They are there for who compares models, and for the one thing that the
sentiments do not say: `ambiguous` (surprise, curiosity, confusion). Their head is a file of its own beside
the others'.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cxstream.errors import ModelError
from cxstream.understand.encoder import Encoder
from cxstream.understand.heads import Head, load
from cxstream.understand.labels import MOODS
from cxstream.understand.model import features
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import DECIMALS

MOOD: Final = "scores/mood.safetensors"
"""Where the head of moods lies in a models folder."""

WANTED: Final = {"mood": MOODS}


class MoodReader:
    """The calibrated probability of each mood, for texts as they were said."""

    def __init__(self, encoder: Encoder, head: Head) -> None:
        self._encoder = encoder
        self._head = head

    def read(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """One mapping a text, in order; the probabilities do not add up to 1."""
        plain = [normalise(text) for text in texts]
        found = self._head.of_each(features(self._encoder.encode(plain), plain))
        return [{mood: round(p, DECIMALS) for mood, p in moods.items()} for moods in found]


def load_mood(models: Path, encoder: Encoder) -> MoodReader:
    """The reader of a models folder. ModelError when it is missing or belongs to another encoder."""
    heads = load(models / MOOD, WANTED)
    if heads.fingerprint != encoder.fingerprint:
        raise ModelError(
            f"the moods were fitted on {heads.encoder} with weights {heads.fingerprint[:12]}, but the encoder"
            f" here is {encoder.name} with {encoder.fingerprint[:12]}: train them again"
        )
    return MoodReader(encoder, heads.heads["mood"])
