"""What the stream remembers of a conversation, as bytes: its units, and sums over what was seen.

Units are kept in half precision and the sums in single; both are rounded after every utterance, so that
nothing lives outside the bytes. The layout is fixed: a mark of the weights, two counts, units, sums, and what
the customer's phrases told, on the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p
from struct import Struct
from typing import Final

import numpy as np

from cxstream.understand.heads import Array
from cxstream.understand.phrases import TOLD

CHANNELS: Final = (
    "gap",
    "repeated",
    "words",
    "harsh words",
    "negative",
    "anger",
    "dissatisfaction",
    "distress",
    "confusion",
    "abuse",
)
"""The numbers of an utterance beside its gist, each at a spread of about 1, more where things go worse."""

KEPT: Final = ("customer mean", "customer recent", "customer highest", "agent mean", "agent recent")
RECENT: Final = np.float32(0.4)
"""How much of a running average the newest utterance makes."""

_HEAD: Final = Struct("<8sHH")
_MOST: Final = 65_535
_WIDTH: Final = len(CHANNELS)
SUMS: Final = 2 + len(KEPT) * _WIDTH


def size_of(units: int) -> int:
    """Bytes of a memory with so many units."""
    return _HEAD.size + 2 * units + 4 * (len(KEPT) * _WIDTH + TOLD)


@dataclass(slots=True)
class Memory:
    """`units` (H,); `kept` (len(KEPT), len(CHANNELS)); `told` (TOLD,) the mean of what the customer's phrases
    told; how many utterances each side had.
    """

    units: Array
    kept: Array
    told: Array
    customer: int = 0
    agent: int = 0

    @classmethod
    def load(cls, data: bytes, mark: bytes, units: int) -> Memory:
        """From bytes; a new memory where they are empty or other weights wrote them."""
        size = _HEAD.size + 2 * units
        if len(data) != size_of(units) or data[:8] != mark:
            nothing = np.zeros((len(KEPT), _WIDTH), np.float32), np.zeros(TOLD, np.float32)
            return cls(np.zeros(units, np.float32), *nothing)
        _, customer, agent = _HEAD.unpack_from(data)
        held = np.frombuffer(data, np.float16, units, _HEAD.size).astype(np.float32)
        sums = np.frombuffer(data, np.float32, -1, size)
        return cls(held, sums[:-TOLD].reshape(len(KEPT), _WIDTH), sums[-TOLD:], customer, agent)

    def dump(self, mark: bytes) -> bytes:
        """The bytes."""
        head = _HEAD.pack(mark, self.customer, self.agent)
        units = self.units.astype(np.float16).tobytes()
        return head + units + self.kept.tobytes() + self.told.tobytes()

    def count(self, seen: Array, told: Array, *, acts: bool) -> None:
        """Take one utterance's channels into the sums of the side that spoke; of customers, phrases too."""
        self.kept = self.kept.copy()  # what was loaded belongs to the bytes
        if acts:
            self.agent = min(_MOST, self.agent + 1)
            self._average(3, seen, self.agent)
            return
        self.customer = min(_MOST, self.customer + 1)
        self._average(0, seen, self.customer)
        self.told = self.told + (told - self.told) / np.float32(self.customer)
        highest = self.kept[2]
        self.kept[2] = seen if self.customer == 1 else np.maximum(highest, seen)

    def sums(self) -> Array:
        """Everything but the units and what phrases told, as one row of SUMS numbers."""
        counts = np.array((log1p(self.customer), log1p(self.agent)), np.float32)
        return np.concatenate((counts, self.kept.ravel()))

    def _average(self, row: int, seen: Array, count: int) -> None:
        self.kept[row] += (seen - self.kept[row]) / np.float32(count)
        share = RECENT if count > 1 else np.float32(1)
        self.kept[row + 1] += (seen - self.kept[row + 1]) * share
