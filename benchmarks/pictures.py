"""Two pictures of the results: latency against load, and what an event costs here and with the peers.

.venv/bin/python benchmarks/pictures.py     # of results/latest.json and results/long.json; needs matplotlib
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

HERE = Path(__file__).resolve().parent
OURS, OTHERS = "#1f6f8b", "#b9c4c9"
PEERS = {
    "plain": "Faust, only reading",
    "faust": "Faust, a table",
    "hopping": "Faust, hopping windows",
    "aiokafka": "aiokafka by hand",
    "quix": "Quix Streams",
}
STAGES = ("score_stage", "state_stage", "engine_alone")


def draw(report: dict[str, Any], folder: Path, suffix: str = "") -> None:
    """Write latency.png and throughput.png, as far as the report has what they show, named with `suffix`."""
    matplotlib.use("agg")
    parts = report["parts"]
    if "end_to_end" in parts:
        _latency(parts["end_to_end"], folder / f"latency{suffix}.png")
    if {"end_to_end", "engine"} <= parts.keys():
        sustained = parts["end_to_end"]["sustained_a_second"]
        rates = {app: sustained[app] for app in ("cxstream", "naive")}
        _throughput(rates, parts["engine"], folder / f"throughput{suffix}.png")


def _latency(part: dict[str, Any], path: Path) -> None:
    from matplotlib import pyplot, ticker

    figure, axes = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    by_load = sorted((int(level), found) for level, found in part["latency_by_load_ms"].items())
    for name in ("p50", "p95", "p99"):
        levels = [level for level, _ in by_load]
        axes.plot(levels, [found[name] for _, found in by_load], marker="o", label=name)
    rate = part["sustained_a_second"]["cxstream"]
    axes.set(xlabel=f"load, % of {rate:.0f} fragments a second", ylabel="ms", yscale="log")
    axes.set_xticks([level for level, _ in by_load])
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    minutes = f"{part['seconds_a_level'] / 60:g} min a load"
    title = f"From a fragment's due time until its decisions are safe; {minutes}, {_load(part)}"
    axes.set_title(title, size=9)
    axes.legend()
    _write(figure, path)


def _throughput(rates: dict[str, float], engine: dict[str, Any], path: Path) -> None:
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(
        2, figsize=(7, 4), layout="constrained", height_ratios=(2, 7)
    )
    _bars(above, rates, "events a second, models and all")
    stages = {
        f"cxstream, {name.replace('_', ' ')}": engine["engine_us"].get(name) for name in STAGES
    }
    peers = {PEERS[name]: cost for name, cost in engine["peers_us"].items()}
    _bars(below, stages | peers, f"µs of processor time an event, no model; {_load(engine)}")
    _write(figure, path)


def _bars(axes: Any, values: Mapping[str, float | None], label: str) -> None:
    """One bar each, the largest last; what could not be measured is left out."""
    known = {name: value for name, value in values.items() if value is not None}
    shown = sorted(known.items(), key=lambda pair: pair[1], reverse=True)
    colours = [OURS if name.startswith("cxstream") else OTHERS for name, _ in shown]
    bars = axes.barh([n for n, _ in shown], [value for _, value in shown], color=colours)
    axes.bar_label(bars, fmt="{:,.4g}", padding=3)
    axes.set(xlabel=label)
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)


def _load(part: dict[str, Any]) -> str:
    """How busy the machine was, in words."""
    machine = part["about"]["machine"]
    return f"{machine['cores']} cores, load {machine['load_before']:.0f} before"


def _write(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    figure.savefig(path, dpi=110, metadata={"Software": None})  # the same report, the same bytes
    pyplot.close(figure)


if __name__ == "__main__":
    for name, suffix in (("latest", ""), ("long", "-long")):
        found = json.loads((HERE / "results" / f"{name}.json").read_text())
        draw(found, HERE.parent / "docs" / "pictures", suffix)
