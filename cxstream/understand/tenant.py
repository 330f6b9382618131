"""The intents of a tenant: labels of their own, by a linear head on the sentence vector and a count of words.

One safetensors file, `<models>/intents/<name>/head.safetensors`, holds the head, the mean vector of each
label, the words, what the tenant's own texts look like to all of them, and the figures of its
cross-validation. It belongs to one encoder; on another it would give confident nonsense, so that is an error.

A text is rejected as `out_of_scope` when it is less typical than nearly all of the tenant's own texts were
to a head that had not seen them: by the energy of its logits, its cosine with the nearest label, and how
sure the answer is.
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
from cxstream.understand.scorer import DECIMALS, RANKED
from cxstream.understand.wording import Wording

FOLDER: Final = "intents"
FILE: Final = "head.safetensors"
FORMAT: Final = "1"
OUT_OF_SCOPE: Final = "out_of_scope"
WORDS: Final = 0.5
"""How much the words count beside the logits of the vector."""

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


Spread = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class TenantIntents:
    """The head of one tenant.

    `weight` (labels, d), `bias` (labels): the logits of the vector; the words' evidence comes to them, and
    their sum is divided by `temperature` before the softmax. `means` (labels, d): unit vectors. `spread`: mean
    and standard deviation, over the tenant's own texts held out, of each sign of what is typical. `typical`
    (LEVELS): quantiles of `typicality` there, rising; `rows` is how many texts they stand for. `threshold`: the
    share below which a text is rejected.
    """

    name: str
    labels: tuple[str, ...]
    weight: Array
    bias: Array
    means: Array
    words: Wording
    temperature: float
    spread: Spread
    typical: Array
    rows: int
    threshold: float
    encoder: str
    fingerprint: str
    version: str
    figures: Mapping[str, Any]

    def classify(self, vectors: Vectors, normalised: Sequence[str]) -> list[TenantIntent]:
        """An answer a text, in order; each depends on its own text only, bit for bit.

        `vectors`: (n, at least d), of which the first d numbers are read; they are those of `normalised`.
        """
        return [
            self._one(np.ascontiguousarray(row[: self.weight.shape[1]]), text)
            for row, text in zip(vectors, normalised, strict=True)
        ]

    def _one(self, vector: Array, text: str) -> TenantIntent:
        logits = (self.weight @ vector + self.bias).astype(np.float64)
        both = logits + WORDS * self.words.evidence(text)
        in_scope = self.share(
            typicality(logits, both, float((self.means @ vector).max()), self.spread)
        )
        powers = np.exp((both - both.max()) / self.temperature)
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


def parts(
    logits: NDArray[np.float64], both: NDArray[np.float64], cosine: float
) -> tuple[float, float, float]:
    """The three signs of a text that is typical, higher is more so.

    The energy of the vector's logits, its highest cosine with a label's mean, and the log probability of the
    answer.
    """
    return _energy(logits), cosine, float(both.max()) - _energy(both)


def typicality(
    logits: NDArray[np.float64], both: NDArray[np.float64], cosine: float, spread: Spread
) -> float:
    """How typical a text is: its signs in standard deviations, the last, which tells least, by half."""
    energy, near, sure = parts(logits, both, cosine)
    return (
        (energy - spread[0]) / spread[1]
        + (near - spread[2]) / spread[3]
        + (sure - spread[4]) / spread[5] / 2
    )


def _energy(logits: NDArray[np.float64]) -> float:
    top = float(logits.max())
    return top + float(np.log(np.exp(logits - top).sum()))


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
        "rarity": intents.words.rarity,
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
        {
            **{key: np.ascontiguousarray(value, np.float32) for key, value in arrays.items()},
            "table": np.ascontiguousarray(intents.words.table, np.float16),
        },
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
        energy, energies, near, nears, sure, sures = about["spread"]
        found = TenantIntents(
            name=name,
            labels=tuple(about["labels"]),
            temperature=float(about["temperature"]),
            words=Wording(arrays["rarity"], arrays["table"]),
            spread=(energy, energies, near, nears, sure, sures),
            rows=int(about["rows"]),
            threshold=float(about["threshold"]),
            encoder=about["encoder"],
            fingerprint=about["encoder_sha256"],
            version=about["version"],
            figures=about["figures"],
            **{key: arrays[key] for key in ("weight", "bias", "means", "typical")},
        )
        if not len(found.labels) == len(found.weight) == found.words.table.shape[1]:
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
