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

    `report` gets the name of the work and the share done, 0 to 1. Vectors are kept by encoder and text,
    so files of other encoders or other data do no harm.
    """
    folder = kept / f"{encoder.fingerprint[:16]}-{encoder.dimensions}"
    folder.mkdir(parents=True, exist_ok=True)
    known = _known(folder)
    missing = sorted(
        {text for text in texts if _key(text) not in known}, key=lambda text: (len(text), text)
    )
    for start in range(0, len(missing), STEP):
        report("encoding", start / len(missing))
        part = missing[start : start + STEP]
        keys = np.array([_key(text) for text in part], np.uint64)
        found = encoder.encode(part)
        half = folder / "half.part"
        with half.open("wb") as file:
            np.savez(file, keys=keys, vectors=found)
        half.replace(folder / f"{sha256(keys.tobytes()).hexdigest()[:24]}.npz")
        known.update(zip(keys.tolist(), found, strict=True))
    report("encoding", 1.0)
    rows = [known[_key(text)] for text in texts]
    return np.stack(rows) if rows else np.empty((0, encoder.dimensions), np.float32)


def _known(folder: Path) -> dict[int, Vectors]:
    known: dict[int, Vectors] = {}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            known.update(zip(file["keys"].tolist(), file["vectors"], strict=True))
    return known


def _key(text: str) -> int:
    """Sixty-four bits of the text's hash: among a million texts two alike are one in ten million."""
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")
