"""Everything that is measured, in one run: `make bench`. Writes benchmarks/results/latest.json.

    .venv/bin/python benchmarks/bench.py [--long] [--only encoder engine end_to_end]

Loads and seeds are fixed; the parts run one after the other, each in a process of its own, so that none warms
another. --long takes ten minutes at each of six loads. What --only leaves out is kept from the run before.
With matplotlib (`pip install 'cxstream[bench]'`) two pictures are drawn too.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LATEST = HERE / "results" / "latest.json"
PEERS = HERE.parent / ".venv-peers" / "bin" / "python"
SIX_LEVELS = ("10", "25", "50", "75", "90", "110")
PACKAGES = ("torch", "transformers", "faust-streaming", "aiokafka", "msgspec", "numpy")


def parts(*, long: bool) -> dict[str, list[str]]:
    """Each part's program and arguments."""
    levels = ["--seconds", "600", "--levels", *SIX_LEVELS] if long else []
    return {
        "encoder": ["encoder.py"],
        "engine": ["engine_cost.py", "--peers", str(PEERS)],
        "end_to_end": ["end_to_end.py", *levels],
    }


def run(command: list[str]) -> dict[str, Any]:
    """What a part reports."""
    done = subprocess.run(
        [sys.executable, str(HERE / command[0]), *command[1:]],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def about() -> dict[str, Any]:
    """The machine, the versions and the commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607  whichever git there is
        check=False,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )
    return {
        "machine": {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "load_before": round(os.getloadavg()[0], 2),
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "commit": commit.stdout.strip(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def together(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One report: the keys that everybody looks for first, then each part in full."""
    report: dict[str, Any] = {"ratios": {}, "engine_us": {}, "latency_ms": {}}
    for part in found.values():
        for key in report:
            report[key] |= part.get(key, {})
    return {**report, "parts": found}


def _cpu() -> str:
    """The processor's name, from Linux's /proc where there is one."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "unknown")


def main() -> None:
    """Measure, write, draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--long", action="store_true", help="ten minutes at each of six loads")
    parser.add_argument("--only", nargs="+", choices=list(parts(long=False)))
    parser.add_argument("--out", type=Path, default=LATEST)
    given = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    if given.only and given.out.is_file():
        found = json.loads(given.out.read_text())["parts"]
    for name, command in parts(long=given.long).items():
        if not given.only or name in given.only:
            sys.stderr.write(f"measuring: {name}\n")
            found[name] = {**run(command), "about": about()}
    report = together(found)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(report, indent=1) + "\n")
    if importlib.util.find_spec("matplotlib"):
        import pictures

        pictures.draw(report, given.out.parent)
    shown = {key: report[key] for key in ("ratios", "engine_us", "latency_ms")}
    sys.stdout.write(json.dumps(shown, indent=1) + "\n")


if __name__ == "__main__":
    main()
