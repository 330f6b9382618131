"""What scores looked like when the models were made: the reference that live traffic is compared with.

Not the texts, nor anything that could be traced to one: histograms of what the models said, and the mean
and spread of the gists. A reference fits the models that made it, and is written anew with them; made of
one's own first weeks of traffic it says more than ours, which is of STAR's chats.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from cxstream.errors import ModelError
from cxstream.understand.labels import INTENTS
from cxstream.understand.scorer import Reading

REFERENCE: Final = "scores/reference.json"
"""Where the reference lies in a models folder."""

BINS: Final = 10
"""A tenth of the reference falls into each, as far as its values differ."""

SIGNALS: Final = ("valence", "confidence", "abuse", "intent", "embedding")


class Bins(Struct, frozen=True):
    """How often a number of the reference fell between `edges`; one count more than there are edges."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    def place(self, value: float) -> int:
        """The bin of a value; every number has one."""
        return bisect_right(self.edges, value)


class Gists(Struct, frozen=True):
    """Mean and spread (never 0) of each number of the gists, and how far gists lie from that mean."""

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    distance: Bins


class Reference(Struct, frozen=True):
    """Histograms of the scores of `texts` texts by `model`; `gists` is None where the model gave none.

    `routed`: a light model took part, whose gists are not quite the transformer's.
    """

    model: str
    routed: bool
    texts: int
    valence: Bins
    confidence: Bins
    abuse: Bins
    intent: tuple[int, ...]
    gists: Gists | None = None

    def fits(self, model: str, routed: bool) -> Reference:
        """This reference, as far as it speaks of the models given. ModelError when it is another model's."""
        if self.model != model:
            raise ModelError(
                f"the drift reference is of {self.model}, but {model} is in force: train again"
            )
        return self if self.routed == routed else replace(self, gists=None)


def reference_of(readings: Iterable[Reading], model: str, *, routed: bool = False) -> Reference:
    """The reference of what `model` read. Lexicon answers are left out; ModelError when nothing is left."""
    found = [reading for reading in readings if not reading.scores.degraded]
    if not found:
        raise ModelError("a drift reference needs scored texts, and there are none")
    scores = [reading.scores for reading in found]
    intents = Counter(s.intent.label for s in scores)
    return Reference(
        model=model,
        routed=routed,
        texts=len(scores),
        valence=_bins([s.sentiment.valence for s in scores]),
        confidence=_bins([s.intent.probability for s in scores]),
        abuse=_bins([s.abuse for s in scores]),
        intent=tuple(intents[label] for label in INTENTS),
        gists=_gists([reading.gist for reading in found if reading.gist]),
    )


def distance(gist: bytes, mean: np.ndarray, spread: np.ndarray) -> float:
    """How far a gist lies from the mean: the root of the mean squared deviation, in spreads."""
    away = (np.frombuffer(gist, np.int8) - mean) / spread
    # not np.dot: it lets go of the interpreter, which a busy worker's loop waits to get back
    return float(np.sqrt(np.square(away).sum() / len(away)))


def save_reference(reference: Reference, path: Path) -> None:
    """Write it as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(reference), indent=1) + b"\n")


def load_reference(path: Path) -> Reference:
    """Read it. ModelError when the file is missing, or is no reference."""
    try:
        reference = msgspec.json.decode(path.read_bytes(), type=Reference)
    except OSError as problem:
        raise ModelError(
            f"no drift reference at {path}; make it with `cxstream train`"
        ) from problem
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise ModelError(f"{path} cannot be read as a drift reference: {problem}") from problem
    bins = [reference.valence, reference.confidence, reference.abuse]
    if reference.gists is not None:
        bins.append(reference.gists.distance)
    if len(reference.intent) != len(INTENTS) or any(
        len(b.counts) != len(b.edges) + 1 or not sum(b.counts) for b in bins
    ):
        raise ModelError(f"{path} does not fit this cxstream; train again")
    return reference


def ranks(counts: Sequence[int]) -> list[float]:
    """The middle of each bin's stretch on the way from 0 to 1 that the reference's texts fill in order."""
    total = sum(counts)
    return [
        (until - count / 2) / total for until, count in zip(accumulate(counts), counts, strict=True)
    ]


def _bins(values: Sequence[float]) -> Bins:
    inner = np.quantile(values, np.arange(1, BINS) / BINS)
    edges = tuple(float(edge) for edge in np.unique(np.round(inner, 6)))
    made = Bins(edges, ())
    places = Counter(made.place(value) for value in values)
    return Bins(edges, tuple(places[place] for place in range(len(edges) + 1)))


def _gists(gists: Sequence[bytes]) -> Gists | None:
    if not gists:
        return None
    rows = np.stack([np.frombuffer(gist, np.int8) for gist in gists]).astype(np.float64)
    mean, spread = np.round(rows.mean(0), 4), np.round(np.maximum(rows.std(0), 1.0), 4)
    return Gists(
        tuple(mean.tolist()),
        tuple(spread.tolist()),
        _bins([distance(gist, mean, spread) for gist in gists]),
    )
