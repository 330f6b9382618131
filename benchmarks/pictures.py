"""Two pictures of the results: latency against load, and events a second beside the naive app.

.venv/bin/python benchmarks/pictures.py         # from benchmarks/results/latest.json; needs matplotlib
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

RESULTS = Path(__file__).resolve().parent / "results"


def draw(report: dict[str, Any], folder: Path) -> None:
    """Write latency.svg and throughput.svg, as far as the report has what they show."""
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "cxstream"  # the same report, the same bytes
    part = report["parts"].get("end_to_end")
    if part is None:
        return
    _latency(part, folder / "latency.svg")
    _throughput(part["sustained_a_second"], folder / "throughput.svg")


def _latency(part: dict[str, Any], path: Path) -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    by_load = sorted((int(level), found) for level, found in part["latency_by_load_ms"].items())
    for name in ("p50", "p95", "p99"):
        levels = [level for level, _ in by_load]
        axes.plot(levels, [found[name] for _, found in by_load], marker="o", label=name)
    axes.set(xlabel="load, % of the sustained rate", ylabel="ms", yscale="log")
    axes.set_title("From a fragment being due to its decisions being safe")
    axes.legend()
    _write(figure, path)


def _throughput(rates: dict[str, float], path: Path) -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 1.8), layout="constrained")
    bars = axes.barh(list(rates), list(rates.values()))
    axes.bar_label(bars, fmt="%.0f", padding=3)
    axes.set(xlabel="events a second, one machine")
    axes.margins(x=0.12)
    _write(figure, path)


def _write(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


if __name__ == "__main__":
    draw(json.loads((RESULTS / "latest.json").read_text()), RESULTS)
