"""What the heads need of an encoder, without saying which one: a text becomes a vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Normalised text to a vector of fixed length.

    `encode` gives a float32 array of shape (len(texts), dimensions), in order. The first `sentence` numbers
    of a row are the sentence's vector, of unit length: what it means, for the intents of a tenant too. The
    rest, if any, is what else the encoder tells the heads. A row depends on its own text only, bit for bit,
    whatever else is in the batch: without that a replay would not give the same scores. `fingerprint` is
    the SHA-256 of the weights, by which heads know the encoder that they were trained on.
    """

    name: str
    dimensions: int
    sentence: int
    fingerprint: str

    def encode(self, texts: Sequence[str]) -> Vectors: ...
