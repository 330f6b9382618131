"""Texts encoded once and kept: encoding takes minutes, fitting a head takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from cxstream.understand.encoder import Encoder, Vectors

STEP: Final = 2048
"""Texts between two reports; each step is a file, so a run that was cut off goes on where it was."""


def vectors(
    encoder: Encoder, texts: Sequence[str], kept: Path, report: Callable[[str, float], None]
) -> Vectors:
    """The vectors of normalised texts, from `kept` where they are there; same order as `texts`.

    `report` gets the name of the work and the share done, 0 to 1. A file is named by the encoder and
    the texts in it, so files of other encoders or other data do no harm.
    """
    unique = sorted(set(texts), key=lambda text: (len(text), text))
    place = {text: row for row, text in enumerate(unique)}
    kept.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, len(unique), STEP):
        part = unique[start : start + STEP]
        mark = sha256("\n".join([encoder.fingerprint, *part]).encode()).hexdigest()[:24]
        path = kept / f"{mark}.npy"
        if not path.is_file():
            half = path.with_suffix(".half.npy")
            np.save(half, encoder.encode(part))
            half.replace(path)
        parts.append(np.load(path))
        report("encoding", min(1.0, (start + len(part)) / len(unique)))
    if not parts:
        return np.empty((0, encoder.dimensions), np.float32)
    return np.concatenate(parts)[[place[text] for text in texts]]
