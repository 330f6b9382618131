"""Has something become slower? A minute's measuring against what `make bench` wrote: ratios, never seconds.

    .venv/bin/python benchmarks/check.py     # `make bench-check`; exit code 1 where a ratio fell by a quarter

Ratios of things measured side by side hold on another machine of the same kind; seconds do not. Whole
numbers gain more where a processor has instructions for them (VNNI), so each kind has its own figures.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import encoder
import windows
from bench import LATEST, WITHOUT_VNNI

ALLOWED = 0.75
"""What is left of a ratio that has not fallen: neighbours on a machine make some noise."""


def fallen(before: dict[str, float], now: dict[str, float]) -> list[str]:
    """The ratios that are worse than allowed, in words."""
    return [
        f"{name}: {now[name]} after {before[name]}"
        for name in sorted(now)
        if name in before and now[name] < ALLOWED * before[name]
    ]


def before_on(vnni: bool) -> dict[str, float]:
    """The ratios of the last report from a processor of this kind; none when there is no such report."""
    for path in (LATEST, WITHOUT_VNNI):
        report: dict[str, Any] = json.loads(path.read_text())
        if report["parts"]["encoder"].get("vnni", True) == vnni:
            ratios: dict[str, float] = report["ratios"]
            return ratios
    return {}


def main() -> None:
    """Measure the encoder's ratios and compare."""
    found = encoder.measure(96, 3)
    now, before = found["ratios"], before_on(found["vnni"])
    worse = fallen(before, now)
    shown = {"now": now, "before": {name: before.get(name) for name in now}}
    shown["windows_us"] = round(windows.measure(500), 1)
    sys.stdout.write(json.dumps(shown) + "\n")
    if worse:
        sys.stderr.write("slower: " + "; ".join(worse) + "\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
