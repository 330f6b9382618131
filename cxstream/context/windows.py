"""Sums of one customer's signals over the last five minutes, hour, day and thirty days of event time.

A window is a row of buckets, a bucket a sparse vector of integers: measures add and take back exactly, in
any order, so the sums do not depend on arrival. A measure that is added costs four dictionary updates,
whatever the history; at most `BUCKETS` buckets a window are kept, and what is older is forgotten when time
moves on. A window's edge is as fine as its bucket: the last hour is exact to two minutes.

Measures: `n` utterances of the customer, `neg` negative ones, `v` their valences in thousandths,
`r0`..`r9` risk levels in tenths, `tc`/`ta` talk of customer and agent in ms, `si` silence in ms,
`x` interruptions, `c:<channel>` contacts begun, `i:<intent>` topics.
"""

from __future__ import annotations

from msgspec import Struct

BUCKETS = 30
SPANS_MS = {
    "last_5m": 300_000,
    "last_1h": 3_600_000,
    "last_24h": 86_400_000,
    "last_30d": 2_592_000_000,
}
_STEPS = tuple((name, span // BUCKETS) for name, span in SPANS_MS.items())
_RISKS = tuple(f"r{tenths}" for tenths in range(10))

Bucket = dict[str, int]


class Windows(Struct):
    """Four windows of one customer, all reckoned from the latest event time seen."""

    latest_ms: int = 0
    rows: dict[str, dict[int, Bucket]] = {}

    def add(self, at_ms: int, measures: dict[str, int]) -> None:
        """Add measures at a moment; negative amounts take back what was added at that moment before."""
        self.advance(at_ms)
        for name, step in _STEPS:
            index = at_ms // step
            if index <= self.latest_ms // step - BUCKETS:
                continue
            row = self.rows.setdefault(name, {})
            bucket = row.setdefault(index, {})
            _sum(bucket, measures)
            if not bucket:
                del row[index]

    def advance(self, now_ms: int) -> None:
        """Let time pass: forget the buckets that have left their window. Time never runs backwards."""
        if now_ms <= self.latest_ms:
            return
        self.latest_ms = now_ms
        for name, step in _STEPS:
            row = self.rows.get(name)
            if row:
                oldest = now_ms // step - BUCKETS
                for index in [i for i in row if i <= oldest]:
                    del row[index]

    def merge(self, other: Windows) -> None:
        """Add another customer's windows to these (they turned out to be the same person)."""
        self.advance(other.latest_ms)
        for name, step in _STEPS:
            row = self.rows.setdefault(name, {})
            for index, bucket in other.rows.get(name, {}).items():
                if index <= self.latest_ms // step - BUCKETS:
                    continue
                mine = row.setdefault(index, {})
                _sum(mine, bucket)
                if not mine:
                    del row[index]

    def empty(self) -> bool:
        """Whether nothing is left to remember."""
        return not any(self.rows.values())

    def comparable(self) -> dict[str, dict[int, Bucket]]:
        """The sums in a fixed order, to compare two windows or to write them."""
        return {
            name: {i: dict(sorted(row[i].items())) for i in sorted(row)}
            for name, row in sorted(self.rows.items())
            if row
        }

    def total(self, window: str) -> Bucket:
        """One vector for the whole window."""
        totals: Bucket = {}
        for bucket in self.rows.get(window, {}).values():
            _sum(totals, bucket)
        return totals

    def facts(self, window: str) -> dict[str, object]:
        """A window as playbooks read it; shares from 0 to 1, valences from -1 to 1.

        `risk_highest` is rounded down to tenths, 0.9 at most: `>= 0.7` means what it says.
        """
        totals = self.total(window)
        said = totals.get("n", 0)
        talk = totals.get("tc", 0) + totals.get("ta", 0)
        silence = totals.get("si", 0)
        by_kind: dict[str, Bucket] = {"c:": {}, "i:": {}}
        for measure in sorted(m for m in totals if m[1:2] == ":"):
            by_kind[measure[:2]][measure[2:]] = totals[measure]
        channels, intents = by_kind["c:"], by_kind["i:"]
        return {
            "utterances": said,
            "level": _ratio(totals.get("v", 0), said * 1000),
            "trend": self._trend(window),
            "negative_share": _ratio(totals.get("neg", 0), said),
            "risk_highest": next((n for n in range(9, 0, -1) if totals.get(_RISKS[n], 0) > 0), 0)
            / 10,
            "contacts": sum(channels.values()),
            "contacts_by_channel": channels,
            "intents": intents,
            "agent_talk_share": _ratio(totals.get("ta", 0), talk),
            "silence_share": _ratio(silence, talk + silence),
            "interruptions": totals.get("x", 0),
        }

    def _trend(self, window: str) -> float:
        """Mean valence of the newer half of the window less that of the older half."""
        step = SPANS_MS[window] // BUCKETS
        middle = self.latest_ms // step - BUCKETS // 2
        sums = [[0, 0], [0, 0]]
        for index, bucket in self.rows.get(window, {}).items():
            half = sums[index > middle]
            half[0] += bucket.get("v", 0)
            half[1] += bucket.get("n", 0)
        (old, old_n), (new, new_n) = sums
        if not old_n or not new_n:
            return 0.0
        return round((new / new_n - old / old_n) / 1000, 4)


def _sum(bucket: Bucket, measures: Bucket) -> None:
    """Add measures to a bucket; what comes to nothing leaves it, so that equal sums are equal buckets."""
    for measure, amount in measures.items():
        total = bucket.get(measure, 0) + amount
        if total:
            bucket[measure] = total
        else:
            bucket.pop(measure, None)


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole > 0 else 0.0
