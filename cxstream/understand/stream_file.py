"""The stream of risk and next actions as one safetensors file, and back."""

from __future__ import annotations

import json
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from cxstream.errors import ModelError
from cxstream.understand.heads import Array
from cxstream.understand.memory import CHANNELS, SUMS
from cxstream.understand.network import Weights
from cxstream.understand.phrases import TOLD, Phrases
from cxstream.understand.stream import About, Stream
from cxstream.understand.trajectory import measures

FORMAT: Final = "2"
PLACE: Final = "risk/stream.safetensors"
"""Where the file lies in a models folder."""

_SINGLE: Final = tuple(f.name for f in fields(Weights) if f.name not in ("actions", "phrases"))


def mark(weights: Weights) -> bytes:
    """Eight bytes of the weights' hash."""
    digest = sha256()
    for name, array in sorted(_arrays(weights).items()):
        digest.update(name.encode() + array.tobytes())
    return digest.digest()[:8]


def save(stream: Stream, path: Path) -> None:
    """Write one file; the same stream gives the same bytes."""
    about = {
        "format": FORMAT,
        "encoder": stream.about.encoder,
        "encoder_sha256": stream.about.fingerprint,
        "actions": stream.about.labels,
        "alarm": stream.about.alarm,
        "channels": CHANNELS,
        "measures": list(measures({})),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"cxstream": json.dumps(about, sort_keys=True)}
    path.write_bytes(to_bytes(_arrays(stream.weights), metadata=metadata))


def load(path: Path) -> Stream:
    """Read a stream; ModelError when the file is missing, damaged, or made for another cxstream."""
    if not path.is_file():
        raise ModelError(f"no stream of risk at {path}; make it with `cxstream train`")
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {})["cxstream"])
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        ours = {"format": FORMAT, "channels": list(CHANNELS), "measures": list(measures({}))}
        if any(about[name] != value for name, value in ours.items()):
            raise ModelError(f"{path} was made for another version of cxstream; train again")
        weights = _weights(arrays)
        if weights.actions[-1][0].shape[0] != len(about["actions"]):
            raise ModelError(f"{path} names more or fewer actions than it weighs; train again")
        return Stream(
            weights,
            About(
                about["encoder"],
                about["encoder_sha256"],
                tuple(about["actions"]),
                float(about["alarm"]),
                mark(weights),
            ),
        )
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, IndexError) as problem:
        raise ModelError(f"{path} cannot be read as a stream: {problem!r}") from problem


def _arrays(weights: Weights) -> dict[str, NDArray[Any]]:
    found: dict[str, Array] = {name: getattr(weights, name) for name in _SINGLE}
    for number, (weight, offset) in enumerate(weights.actions):
        found |= {f"actions.{number}.weight": weight, f"actions.{number}.offset": offset}
    told: dict[str, NDArray[Any]] = {
        "phrases.keys": weights.phrases.keys,
        "phrases.table": weights.phrases.table,
    }
    return told | {name: np.ascontiguousarray(array, np.float32) for name, array in found.items()}


def _weights(arrays: dict[str, NDArray[Any]]) -> Weights:
    layers = sum(name.startswith("actions.") for name in arrays) // 2
    weights = Weights(
        **{name: arrays[name] for name in _SINGLE},
        actions=tuple(
            (arrays[f"actions.{n}.weight"], arrays[f"actions.{n}.offset"]) for n in range(layers)
        ),
        phrases=Phrases(arrays["phrases.keys"], arrays["phrases.table"]),
    )
    units = weights.hidden.shape[1]
    learnt = weights.gist.shape[0]
    shapes = {
        "gist_offset": (learnt,),
        "customer": (3 * units, learnt + len(CHANNELS)),
        "agent": (3 * units, learnt + len(CHANNELS)),
        "step_offset": (3 * units,),
        "hidden": (3 * units, units),
        "hidden_offset": (3 * units,),
        "risk": (3, len(measures({})) + SUMS + units + TOLD),
        "risk_offset": (3,),
        "phrases.table": (len(arrays["phrases.keys"]), TOLD),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ModelError(f"the stream's {name} has shape {arrays[name].shape}, not {shape}")
    return weights
