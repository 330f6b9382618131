"""The heads: from a sentence vector to probabilities, in numpy (compiled: `fused.readers`).

A head is linear, or has one hidden layer; its outputs are calibrated (a temperature for one label out
of many, a slope and an offset for each yes-or-no label). All heads live in one safetensors file that
names the encoder they were trained on: on another encoder they would give confident nonsense, so that
is an error, not a warning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from cxstream.errors import ModelError
from cxstream.understand.labels import EMOTIONS, INTENTS, SENTIMENTS

Array = NDArray[np.float32]
Kind = Literal["one_of", "each"]

LABELS: Final[dict[str, tuple[str, ...]]] = {
    "intent": INTENTS,
    "sentiment": SENTIMENTS,
    "emotion": EMOTIONS,
    "abuse": ("abuse",),
}
KINDS: Final[dict[str, Kind]] = {
    "intent": "one_of",
    "sentiment": "one_of",
    "emotion": "each",
    "abuse": "each",
    "mood": "each",
}
FORMAT: Final = "1"


@dataclass(frozen=True, slots=True)
class Head:
    """One head. `layers`: (weight, bias) pairs, weight of shape (out, in), ReLU between them.

    `slope` and `offset` calibrate the last layer's output (one number a label; for `one_of` the slope
    is the same for all and the offset 0). With `tone` its input ends in VADER's four numbers.
    """

    labels: tuple[str, ...]
    kind: Kind
    layers: tuple[tuple[Array, Array], ...]
    slope: Array
    offset: Array
    tone: bool = False

    def probabilities(self, features: Array) -> dict[str, float]:
        """Calibrated probability of each label for one text's features (a vector, not a batch).

        One at a time on purpose: a product of fixed shape gives the same bits whoever else is scored.
        """
        value = features
        for number, (weight, bias) in enumerate(self.layers):
            if number:
                value = np.maximum(value, 0)
            value = weight @ value + bias
        logits = value.astype(np.float64) * self.slope + self.offset
        if self.kind == "each":
            result = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
        else:
            powers = np.exp(logits - logits.max())
            result = powers / powers.sum()
        return dict(zip(self.labels, result.tolist(), strict=True))

    def of_each(self, features: Array) -> list[dict[str, float]]:
        """The probabilities of many texts, a row each."""
        return [self.probabilities(row) for row in features]


@dataclass(frozen=True, slots=True)
class Heads:
    """All heads of a model, its name, and the encoder they belong to."""

    name: str
    encoder: str
    fingerprint: str
    dimensions: int
    heads: Mapping[str, Head]


def save(heads: Heads, path: Path) -> None:
    """Write one safetensors file; the same heads give the same bytes."""
    arrays: dict[str, Array] = {}
    shapes: dict[str, object] = {}
    for name, head in heads.heads.items():
        for number, (weight, bias) in enumerate(head.layers):
            arrays[f"{name}.{number}.weight"] = np.ascontiguousarray(weight, np.float32)
            arrays[f"{name}.{number}.bias"] = np.ascontiguousarray(bias, np.float32)
        arrays[f"{name}.slope"] = np.ascontiguousarray(head.slope, np.float32)
        arrays[f"{name}.offset"] = np.ascontiguousarray(head.offset, np.float32)
        shapes[name] = {
            "labels": head.labels,
            "kind": head.kind,
            "layers": len(head.layers),
            "tone": head.tone,
        }
    about = {
        "format": FORMAT,
        "name": heads.name,
        "encoder": heads.encoder,
        "encoder_sha256": heads.fingerprint,
        "dimensions": heads.dimensions,
        "heads": shapes,
    }
    # one entry: safetensors keeps several in a hash map's order, which differs from run to run
    save_file(arrays, path, metadata={"cxstream": json.dumps(about, sort_keys=True)})


def load(path: Path, wanted: Mapping[str, tuple[str, ...]] = LABELS) -> Heads:
    """Read heads; ModelError when the file is missing, damaged, or speaks of other labels than wanted."""
    if not path.is_file():
        raise ModelError(f"no heads at {path}; make them with `cxstream train`")
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {})["cxstream"])
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        if about["format"] != FORMAT:
            raise ModelError(f"{path} has format {about['format']}; this cxstream reads {FORMAT}")
        found = {name: _head(name, shape, arrays) for name, shape in about["heads"].items()}
        if {name: head.labels for name, head in found.items()} != wanted:
            raise ModelError(f"{path} has other heads or labels than this cxstream; train again")
        return Heads(
            about["name"], about["encoder"], about["encoder_sha256"], about["dimensions"], found
        )
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as problem:
        raise ModelError(f"{path} cannot be read as heads: {problem!r}") from problem


def _head(name: str, shape: Mapping[str, object], arrays: Mapping[str, Array]) -> Head:
    count = shape["layers"]
    labels = shape["labels"]
    assert isinstance(count, int) and isinstance(labels, list)
    return Head(
        labels=tuple(labels),
        kind=KINDS[name],
        layers=tuple(
            (arrays[f"{name}.{n}.weight"], arrays[f"{name}.{n}.bias"]) for n in range(count)
        ),
        slope=arrays[f"{name}.slope"],
        offset=arrays[f"{name}.offset"],
        tone=bool(shape["tone"]),
    )
