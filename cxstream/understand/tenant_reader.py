"""A tenant's intents beside the usual scores, for one pass of the encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxstream.understand.encoder import Encoder, Vectors
from cxstream.understand.normalise import normalise
from cxstream.understand.tenant import TenantIntent, TenantIntents


class LastBatch:
    """An encoder that remembers the rows of its last two batches, so that several readers share one pass.

    A row depends on its own text only, so nobody can tell whether it was remembered.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.name = encoder.name
        self.dimensions = encoder.dimensions
        self.sentence = encoder.sentence
        self.fingerprint = encoder.fingerprint
        self._before: dict[str, Vectors] = {}
        self._last: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        known = self._before | self._last
        missing = sorted({text for text in texts if text not in known})
        if missing:
            fresh = dict(zip(missing, self.encoder.encode(missing), strict=True))
            self._before, self._last = self._last, fresh
            known |= fresh
        rows = [known[text] for text in texts]
        return np.stack(rows) if rows else np.empty((0, self.dimensions), np.float32)


class TenantReader:
    """Texts to a tenant's intents: the head on its encoder (see `Scorer` for what a text may be)."""

    def __init__(self, intents: TenantIntents, encoder: Encoder) -> None:
        self.intents = intents
        self.encoder = encoder

    def read(self, texts: Sequence[str]) -> list[TenantIntent]:
        """An answer a text, in order; it depends on its own text only."""
        plain = [normalise(text) for text in texts]
        return self.intents.classify(self.encoder.encode(plain), plain)
