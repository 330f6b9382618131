"""Encoder and heads together: the scorer that ships. One pass of the encoder, all heads on its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np

from cxstream.errors import ModelError
from cxstream.events import Scores
from cxstream.understand.encoder import Encoder, Vectors
from cxstream.understand.heads import Array, Heads, load
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Reading, to_scores
from cxstream.understand.tone import tone

ENCODER: Final = "encoder/layers.safetensors"
SCORES: Final = "scores/heads.safetensors"
"""Where the tuned layers and the heads lie in a models folder."""

Chosen = Literal["auto", "fp32", "int8", "bf16"]
"""How the encoder calculates (see `packed.Precision`); "auto" takes what is best on this machine."""

STRETCH: Final = 384**0.5
"""Brings the numbers of a unit vector to a spread of about 1."""


def features(vector: Vectors, normalised: str) -> Array:
    """What a head reads of one text: its unit vectors, stretched to a spread of about 1, and the tone."""
    return np.concatenate([vector * np.float32(STRETCH), np.array(tone(normalised), np.float32)])


class ModelScorer:
    """The transformer's scores (see `scorer.Scorer`).

    `gist`, where it is set, makes the gist of a text from its vector (see `stream.Stream.gist`).
    ModelError when the heads were trained on another encoder than the one given.
    """

    def __init__(self, encoder: Encoder, heads: Heads) -> None:
        if encoder.fingerprint != heads.fingerprint:
            raise ModelError(
                f"the heads {heads.name} were trained on {heads.encoder} with weights"
                f" {heads.fingerprint[:12]}, but the encoder here is {encoder.name} with"
                f" {encoder.fingerprint[:12]}: use that encoder, or train the heads again"
            )
        self.encoder = encoder
        self.heads = heads
        self.name = heads.name
        self.gist: Callable[[Vectors, str], bytes] | None = None

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [reading.scores for reading in self.read(texts)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """The scores of each text and, in the same pass, its gist."""
        plain = [normalise(text) for text in texts]
        vectors = self.encoder.encode(plain)
        gist = self.gist or _no_gist
        scores = self._scores(vectors, plain)
        return [
            Reading(found, gist(vector, text))
            for found, vector, text in zip(scores, vectors, plain, strict=True)
        ]

    def _scores(self, vectors: Vectors, plain: Sequence[str]) -> list[Scores]:
        """Head by head, all texts: a head's weights stay in the core's own cache, those of all would not."""
        size = self.heads.dimensions
        read = [features(vector[:size], text) for vector, text in zip(vectors, plain, strict=True)]
        found = {
            name: [head.probabilities(row if head.tone else row[:size]) for row in read]
            for name, head in self.heads.heads.items()
        }
        return [
            to_scores(
                intents=found["intent"][place],
                sentiment=found["sentiment"][place],
                emotions=found["emotion"][place],
                abuse=found["abuse"][place]["abuse"],
                model=self.name,
            )
            for place in range(len(plain))
        ]


def _no_gist(_: Vectors, __: str) -> bytes:
    return b""


def load_scorer(
    models: Path, encoder_folder: Path | None = None, precision: Chosen = "fp32"
) -> ModelScorer:
    """The scorer of a models folder (`<models>/scores/heads.safetensors`) on the packaged encoder.

    ModelError when the heads or the encoder are missing or do not belong together; the caller then
    runs on the lexicon. Loads torch and transformers, so call it once, at start.
    """
    heads = load(models / SCORES)
    return ModelScorer(load_encoder(models, encoder_folder, precision), heads)


def load_encoder(
    models: Path, encoder_folder: Path | None = None, precision: Chosen = "fp32"
) -> Encoder:
    """The encoder of a models folder: the packaged one, or that of a folder, with the tuned layers, if any.

    What is fitted or judged on its vectors wants "fp32", the same on every machine; "auto" is for what serves.
    ModelError when it is missing. Loads torch and transformers.
    """
    tuned = models / ENCODER
    try:
        from cxstream.understand.minilm import MiniLm
    except ImportError as problem:
        raise ModelError(f"torch or transformers is not installed: {problem}") from problem
    return MiniLm(encoder_folder, tuned if tuned.is_file() else None, precision)
