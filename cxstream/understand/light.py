"""The light model: it answers the routine ("yes", "okay thanks", "my order number is ...") in microseconds.

It repeats what the transformer would say, and knows how sure it may be of that. First it looks into a memo of
frequent utterances, which holds the transformer's own scores; then it adds up word vectors of its own (single
words and pairs, hashed into a table), puts a small network on the sum, and gives with its scores an
*agreement*: the calibrated probability that the transformer would say the same in everything that decisions
read. Whether that is enough is for `routing` to judge. In numpy, or compiled
(`fused.readers`); made by `learn.student`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from cxstream.errors import ModelError
from cxstream.events import Scores
from cxstream.understand.fused.readers import thinker_of
from cxstream.understand.labels import EMOTIONS, INTENTS, SENTIMENTS
from cxstream.understand.normalise import normalise
from cxstream.understand.scorer import Scorer, to_scores

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]

LIGHT: Final = "light/light.safetensors"
"""Where the light model lies in a models folder."""

FORMAT: Final = "1"
LONGEST: Final = 8
"""Words. What is longer is not routine, and order, which a sum of words does not see, begins to matter."""

OUTPUTS: Final = len(INTENTS) + len(SENTIMENTS) + len(EMOTIONS) + 1
_TONE: Final = len(INTENTS)
_FEELINGS: Final = _TONE + len(SENTIMENTS)
UNIT: Final = 10_000
"""The memo keeps a probability as a whole number of these parts: as finely as scores are rounded."""

_PARTS: Final = ("table", "scale", "known", "inner", "inner_bias", "outer", "outer_bias")
_TRUST: Final = ("trust", "trust_bias", "sure", "sure_bias")
_MEMO: Final = ("memo_keys", "memo_scores", "memo_gists")


class Answer(NamedTuple):
    """Scores, the probability that the transformer's would be the same (1: they are its own), and the gist."""

    scores: Scores
    agreement: float
    gist: bytes = b""


class Thought(NamedTuple):
    """What the network says of a text, memo aside: 36 numbers, the gist from -1 to 1, and what to doubt."""

    numbers: Numbers
    gist: Floats
    doubts: Floats


@dataclass(frozen=True, slots=True)
class Light:
    """The arrays of a light model. `teacher` is the name of the scorer that it repeats, `stream` the mark of
    the stream that its gists are for (empty: it gives none).

    `table` (buckets, wide) int8 with `scale` (buckets) its rows' unit; `known` (buckets) how often a bucket was
    seen in training, as log2 in whole steps; `inner`, `outer` the network; `trust`, `sure` the network that
    estimates the agreement; `memo_keys` (n), ascending, `memo_scores` (n, 36) in parts of `UNIT`, and
    `memo_gists` (n, gist) int8.
    """

    name: str
    teacher: str
    threshold: float
    stream: str
    arrays: dict[str, NDArray[np.generic]]


class LightScorer:
    """Serves a light model, one text at a time, so that neighbours change nothing (see `scorer.Scorer`)."""

    def __init__(self, light: Light) -> None:
        arrays = {name: _served(array) for name, array in light.arrays.items()}
        self.name = light.name
        self.teacher = light.teacher
        self.threshold = light.threshold
        self.stream = light.stream
        self._table = arrays["table"]
        self._scale = arrays["scale"]
        self._known = arrays["known"]
        self._inner, self._inner_bias = arrays["inner"], arrays["inner_bias"]
        self._outer, self._outer_bias = arrays["outer"], arrays["outer_bias"]
        self._trust, self._trust_bias = arrays["trust"], arrays["trust_bias"]
        self._sure, self._sure_bias = arrays["sure"], float(arrays["sure_bias"][0])
        labels = len(INTENTS), len(SENTIMENTS), len(EMOTIONS) + 1
        self._thinker = thinker_of(arrays, labels, DOUBTS, LONGEST)
        keys = light.arrays["memo_keys"].tolist()
        self._memo = {key: row for row, key in enumerate(keys)}
        self._memo_scores = light.arrays["memo_scores"]
        self._memo_gists = light.arrays["memo_gists"]

    def fits(self, heavy: Scorer) -> LightScorer:
        """This model; ModelError when it repeats another transformer than the one given."""
        if self.teacher != heavy.name:
            raise ModelError(
                f"the light model repeats {self.teacher}, but the transformer here is {heavy.name}:"
                " train again, or set CXSTREAM_ROUTING=off"
            )
        return self

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """Its own opinion of any text, however long."""
        return [self.opinion(normalise(text)).scores for text in texts]

    def answer(self, normalised: str) -> Answer | None:
        """Scores and agreement of a normalised text; None for what is too long to be routine."""
        return self.opinion(normalised) if routine(normalised) else None

    def opinion(self, normalised: str) -> Answer:
        """Scores and agreement of any normalised text, also of what is too long to be routine."""
        row = self._memo.get(key_of(normalised))
        if row is not None:
            kept = scores_of(self._memo_scores[row] / UNIT, self.name)
            return Answer(kept, 1.0, self._memo_gists[row].tobytes())
        if self._thinker is not None:
            said, pressed, agreement = self._thinker(buckets_of(normalised, len(self._scale)))
            return Answer(scores_of(said, self.name), agreement, pressed)
        said, gist, about = self.think(normalised)
        pressed = np.rint(gist * 127).astype(np.int8).tobytes()
        return Answer(scores_of(said, self.name), self.trust(about), pressed)

    def think(self, normalised: str) -> Thought:
        """What the network says of a text, the memo aside."""
        buckets = buckets_of(normalised, len(self._scale))
        summed = np.empty(self._inner.shape[1], np.float32)
        summed[:-1] = self._scale[buckets] @ self._table[buckets] / np.float32(len(buckets) ** 0.5)
        summed[-1] = len(buckets) / LONGEST / 2
        inside = np.maximum(self._inner @ summed + self._inner_bias, 0)
        out = self._outer @ inside + self._outer_bias
        said = probabilities(out[:OUTPUTS])
        gist = np.clip(out[OUTPUTS:], -1, 1)
        return Thought(said, gist, doubts(said, self._known[buckets]))

    def trust(self, about: Floats) -> float:
        """The agreement, from 0 to 1, that the doubts about an answer leave."""
        felt = np.maximum(self._trust @ about + self._trust_bias, 0)
        return 1 / (1 + math.exp(-float(self._sure @ felt) - self._sure_bias))


def routine(normalised: str) -> bool:
    """Whether a normalised text is short enough to be routine."""
    return normalised.count(" ") < LONGEST


def buckets_of(normalised: str, size: int) -> list[int]:
    """The rows of the table for a text: its words, and its pairs of neighbours, ends included."""
    words = ["^", *normalised.split(" ")[:64], "$"]
    found = [crc32(word.encode("utf-8", "replace")) % size for word in words[1:-1]]
    for first, second in pairwise(words):
        found.append(crc32(f"{first} {second}".encode("utf-8", "replace")) % size)
    return found


def probabilities(logits: Floats) -> Numbers:
    """The outputs of the network as the 36 numbers of a score: intents, sentiment, emotions, abuse."""
    wide = logits.astype(np.float64)
    said = np.empty(OUTPUTS)
    for start, end in ((0, _TONE), (_TONE, _FEELINGS)):
        powers = np.exp(wide[start:end] - wide[start:end].max())
        said[start:end] = powers / powers.sum()
    said[_FEELINGS:] = 1 / (1 + np.exp(-np.clip(wide[_FEELINGS:], -60, 60)))
    return said


def doubts(said: Numbers, known: NDArray[np.generic]) -> Floats:
    """What the agreement is estimated from: how decided the scores are, and how familiar the words."""
    intents = np.sort(said[:_TONE])
    tone = np.sort(said[_TONE:_FEELINGS])
    feelings = said[_FEELINGS:]
    seen = known.astype(np.float64) / 16
    words = (len(seen) - 1) // 2
    return np.concatenate(
        (
            (intents[-1], intents[-2], tone[-1], tone[-2], -np.log(intents[-1] + 1e-9)),
            said[_TONE:_FEELINGS],
            np.minimum(feelings, 0.5),
            np.abs(feelings - 0.5),
            (seen[:words].min(), seen[:words].mean(), seen[words:].min(), seen[words:].mean()),
            (words / 8, (seen == 0).mean()),
            said[:_TONE],
        )
    ).astype(np.float32)


DOUBTS: Final = 5 + len(SENTIMENTS) + 2 * (len(EMOTIONS) + 1) + 6 + len(INTENTS)
"""How many numbers `doubts` gives."""


def key_of(normalised: str) -> int:
    """The key of a normalised text in the memo: 64 bits, so that a memo of thousands has no collision."""
    digest = blake2b(normalised.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def numbers_of(scores: Scores) -> Numbers:
    """Scores as their 36 numbers, the inverse of `scores_of`; intents beyond the ranked ones are 0."""
    ranked = dict(scores.intent.ranking)
    tone, feelings = scores.sentiment.probabilities, scores.emotion
    return np.array(
        [
            *(ranked.get(label, 0.0) for label in INTENTS),
            *(getattr(tone, label) for label in SENTIMENTS),
            *(getattr(feelings, label) for label in EMOTIONS),
            scores.abuse,
        ]
    )


def scores_of(numbers: Numbers, model: str) -> Scores:
    """The 36 numbers as the record."""
    values = numbers.tolist()
    return to_scores(
        intents=dict(zip(INTENTS, values[:_TONE], strict=True)),
        sentiment=dict(zip(SENTIMENTS, values[_TONE:_FEELINGS], strict=True)),
        emotions=dict(zip(EMOTIONS, values[_FEELINGS:-1], strict=True)),
        abuse=values[-1],
        model=model,
    )


def save_light(light: Light, path: Path) -> None:
    """Write one safetensors file; the same model gives the same bytes."""
    about = {
        "format": FORMAT,
        "name": light.name,
        "teacher": light.teacher,
        "threshold": light.threshold,
        "stream": light.stream,
        "intents": INTENTS,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.ascontiguousarray(light.arrays[name]) for name in _PARTS + _TRUST + _MEMO}
    save_file(arrays, path, metadata={"cxstream": json.dumps(about, sort_keys=True)})


def load_light(path: Path) -> Light:
    """Read a light model. ModelError when the file is missing, damaged, or speaks of other labels."""
    if not path.is_file():
        raise ModelError(f"no light model at {path}; make it with `cxstream train`")
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {})["cxstream"])
            arrays = {name: file.get_tensor(name) for name in _PARTS + _TRUST + _MEMO}
        if about["format"] != FORMAT or tuple(about["intents"]) != INTENTS:
            raise ModelError(f"{path} is of another version of cxstream; train again")
        return Light(
            about["name"], about["teacher"], float(about["threshold"]), about["stream"], arrays
        )
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as problem:
        raise ModelError(f"{path} cannot be read as a light model: {problem!r}") from problem


def _served(array: NDArray[np.generic]) -> Floats:
    """Half precision is for the file: a product in single precision is faster, and the same everywhere."""
    return array.astype(np.float32) if array.dtype == np.float16 else array  # type: ignore[return-value]
