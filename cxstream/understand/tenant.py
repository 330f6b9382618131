"""The intents of a tenant: labels of their own, by a linear head on the sentence vector.

One safetensors file, `<models>/intents/<name>/head.safetensors`, holds the head, the mean vector of each
label, what the tenant's own texts look like to both, and the figures of its cross-validation. It belongs to
one encoder; on another it would give confident nonsense, so that is an error.

A text is rejected as `out_of_scope` when it is less typical than nearly all of the tenant's own texts were
to a head that had not seen them: both by the energy of its logits and by its cosine with the nearest label.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from cxstream.errors import ModelError
from cxstream.understand.encoder import Encoder, Vectors
from cxstream.understand.heads import Array
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import DECIMALS, RANKED

FOLDER: Final = "intents"
FILE: Final = "head.safetensors"
FORMAT: Final = "1"
OUT_OF_SCOPE: Final = "out_of_scope"
LEVELS: Final = 401
"""How many quantiles of the tenant's own texts are kept."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class TenantIntent(msgspec.Struct, frozen=True):
    """One text's answer.

    `ranking`: the best five labels with calibrated probabilities, given that the text is one of the
    tenant's at all. `in_scope`: the share of the tenant's own texts that looked less typical than this one,
    0 to 1; below the threshold `label` is `out_of_scope` and `probability`, which nothing calibrates then,
    is null. Else they are the first of the ranking.
    """

    label: str
    probability: float | None
    ranking: tuple[tuple[str, float], ...]
    in_scope: float


@dataclass(frozen=True, slots=True)
class TenantIntents:
    """The head of one tenant.

    `weight` (labels, d), `bias` (labels): the logits, divided by `temperature` before the softmax. `means`
    (labels, d): unit vectors. `spread`: mean and standard deviation, over the tenant's own texts held out, of
    the energy and of the highest cosine. `typical` (LEVELS): quantiles of their sum there, rising; `rows` is
    how many texts they stand for. `threshold`: the share below which a text is rejected.
    """

    name: str
    labels: tuple[str, ...]
    weight: Array
    bias: Array
    means: Array
    temperature: float
    spread: tuple[float, float, float, float]
    typical: Array
    rows: int
    threshold: float
    encoder: str
    fingerprint: str
    version: str
    figures: Mapping[str, Any]

    def classify(self, vectors: Vectors) -> list[TenantIntent]:
        """An answer a row of sentence vectors, in order; each depends on its own row only, bit for bit.

        `vectors`: (n, at least d), of which the first d numbers are read.
        """
        return [self._one(np.ascontiguousarray(row[: self.weight.shape[1]])) for row in vectors]

    def _one(self, vector: Array) -> TenantIntent:
        logits = (self.weight @ vector + self.bias).astype(np.float64)
        in_scope = self.share(unusual(logits, float((self.means @ vector).max()), self.spread))
        powers = np.exp((logits - logits.max()) / self.temperature)
        powers /= powers.sum()
        order = np.argsort(-powers, kind="stable")[:RANKED]
        ranking = tuple((self.labels[i], round(float(powers[i]), DECIMALS)) for i in order)
        if in_scope < self.threshold:
            return TenantIntent(OUT_OF_SCOPE, None, ranking, round(in_scope, 6))
        return TenantIntent(*ranking[0], ranking, round(in_scope, 6))

    def share(self, score: float) -> float:
        """The share of the tenant's own texts with a lower score; falls on below the lowest, never to 0."""
        least = 1 / (self.rows + 1)
        if score <= self.typical[0]:
            return least * float(np.exp(max(score - float(self.typical[0]), -30.0)))
        place = np.interp(score, self.typical, np.linspace(0, 1, len(self.typical)))
        return least + (1 - least) * float(place)


def unusual(
    logits: NDArray[np.float64], cosine: float, spread: tuple[float, float, float, float]
) -> float:
    """How typical a text is, higher is more so: energy and highest cosine, each in standard deviations."""
    top = float(logits.max())
    energy = top + float(np.log(np.exp(logits - top).sum()))
    return (energy - spread[0]) / spread[1] + (cosine - spread[2]) / spread[3]


def path_of(models: Path, name: str) -> Path:
    """Where the intents of that name lie; ModelError when the name could not be a folder's everywhere."""
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"--name: expected a to z, 0 to 9, - and _, at most 64, beginning with a letter or a digit;"
            f" got {name!r}"
        )
    return models / FOLDER / name / FILE


def save(intents: TenantIntents, path: Path) -> None:
    """Write the one file; the same intents give the same bytes."""
    arrays = {
        "weight": intents.weight,
        "bias": intents.bias,
        "means": intents.means,
        "typical": intents.typical,
    }
    about = {
        "format": FORMAT,
        "name": intents.name,
        "labels": intents.labels,
        "temperature": intents.temperature,
        "spread": intents.spread,
        "rows": intents.rows,
        "threshold": intents.threshold,
        "encoder": intents.encoder,
        "encoder_sha256": intents.fingerprint,
        "version": intents.version,
        "figures": intents.figures,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    save_file(
        {key: np.ascontiguousarray(value, np.float32) for key, value in arrays.items()},
        half,
        metadata={"cxstream": json.dumps(about, sort_keys=True)},
    )
    half.replace(path)


def load(models: Path, name: str, encoder: Encoder) -> TenantIntents:
    """The intents of that name; ModelError when missing, damaged, or made for another encoder."""
    path = path_of(models, name)
    if not path.is_file():
        there = sorted(found.parent.name for found in (models / FOLDER).glob(f"*/{FILE}"))
        raise ModelError(
            f"no intents {name} in {models / FOLDER} (there: {', '.join(there) or 'none'}); make them with"
            f" `cxstream train intents --labels FILE.csv --name {name}`"
        )
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {})["cxstream"])
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        if about["format"] != FORMAT:
            raise ModelError(f"{path} has format {about['format']}; this cxstream reads {FORMAT}")
        low, wide, near, off = about["spread"]
        found = TenantIntents(
            name=name,
            labels=tuple(about["labels"]),
            temperature=float(about["temperature"]),
            spread=(low, wide, near, off),
            rows=int(about["rows"]),
            threshold=float(about["threshold"]),
            encoder=about["encoder"],
            fingerprint=about["encoder_sha256"],
            version=about["version"],
            figures=about["figures"],
            **{key: arrays[key] for key in ("weight", "bias", "means", "typical")},
        )
        if len(found.labels) != len(found.weight):
            raise ValueError("labels and weights do not fit")
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as problem:
        raise ModelError(f"{path} cannot be read as intents: {problem!r}") from problem
    if found.fingerprint != encoder.fingerprint:
        raise ModelError(
            f"the intents {name} belong to the encoder {found.encoder} with weights"
            f" {found.fingerprint[:12]}, but the encoder here is {encoder.name} with"
            f" {encoder.fingerprint[:12]}: make them again with"
            f" `cxstream train intents --labels FILE.csv --name {name}`"
        )
    return found


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
        return self.intents.classify(self.encoder.encode([normalise(text) for text in texts]))
