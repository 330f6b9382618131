"""Encoder and heads together: the scorer that ships. One pass of the encoder, all heads on its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np

from cxstream.errors import ModelError
from cxstream.events import Scores
from cxstream.understand.encoder import Encoder, Vectors
from cxstream.understand.fused.readers import reader_of
from cxstream.understand.heads import Array, Heads, load
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Reading, to_scores
from cxstream.understand.tone import FEATURES, tone

ENCODER: Final = "encoder/layers.safetensors"
SCORES: Final = "scores/heads.safetensors"
"""Where the tuned layers and the heads lie in a models folder."""

Chosen = Literal["auto", "fp32", "int8", "bf16"]
"""How the encoder calculates (see `packed.Precision`); "auto" takes what is best on this machine."""

STRETCH: Final = 384**0.5
"""Brings the numbers of a unit vector to a spread of about 1."""


def features(vectors: Vectors, normalised: Sequence[str]) -> Array:
    """What a head reads of texts, a row each: unit vectors, stretched to a spread of about 1, and the tone.

    All at once: for each array of some size numpy lets go of the interpreter.
    """
    size = vectors.shape[1]
    rows = np.empty((len(vectors), size + len(FEATURES)), np.float32)
    np.multiply(vectors, np.float32(STRETCH), out=rows[:, :size])
    told = np.array([tone(text) for text in normalised], np.float32)
    rows[:, size:] = told.reshape(len(vectors), len(FEATURES))  # else one text's would do for all
    return rows


class ModelScorer:
    """The transformer's scores (see `scorer.Scorer`).

    `gists`, where it is set, makes the gists of texts from their vectors (see `stream.Stream.gists`).
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
        self._readers = {
            name: reader_of(head) or head.of_each for name, head in heads.heads.items()
        }
        self.gists: Callable[[Vectors, Sequence[str]], list[bytes]] | None = None

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return [reading.scores for reading in self.read(texts)]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """The scores of each text and, in the same pass, its gist."""
        if not texts:
            return []
        plain = [normalise(text) for text in texts]
        vectors = self.encoder.encode(plain)
        gists = self.gists(vectors, plain) if self.gists else [b""] * len(plain)
        scores = self._scores(vectors, plain)
        return [Reading(*both) for both in zip(scores, gists, strict=True)]

    def _scores(self, vectors: Vectors, plain: Sequence[str]) -> list[Scores]:
        """Head by head, all texts: a head's weights stay in the core's own cache, those of all would not."""
        size = self.heads.dimensions
        rows = features(vectors[:, :size], plain)
        found = {
            name: self._readers[name](rows if head.tone else rows[:, :size])
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
