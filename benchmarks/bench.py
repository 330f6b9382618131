"""Everything that is measured, in one run: `make bench`. Writes benchmarks/results/latest.json.

    .venv/bin/python benchmarks/bench.py [--short | --long] [--only encoder engine end_to_end workers ...]

Loads and seeds are fixed; the parts run one after the other, each in a process of its own, so that none warms
another. --short takes a few events of each, for sizes; --long ten minutes at each of six loads, into
benchmarks/results/long.json. What --only leaves out, and a part that fails, is kept from the run before; when a
part failed, the exit code is 1.
With matplotlib (`pip install 'cxstream[bench]'`) two pictures are drawn too, into docs/pictures.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import signal
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LATEST = HERE / "results" / "latest.json"
LATEST_LONG = HERE / "results" / "long.json"
WITHOUT_VNNI = HERE / "results" / "without-vnni.json"
"""Of a processor of another kind, written with --out: see check.py."""
PICTURES = HERE.parent / "docs" / "pictures"
PEERS = HERE.parent / ".venv-peers" / "bin" / "python"
PACKAGES = ("torch", "transformers", "faust-streaming", "aiokafka", "msgspec", "numpy")
PARTS = ("encoder", "engine", "end_to_end", "workers", "state", "memory")
LIMIT_S = 1800.0
"""A part that takes longer is given up: it hangs, or the machine is too busy to say anything of it."""
STOP_S = 120.0

SHORT = {
    "encoder": ["--texts", "96", "--rounds", "2"],
    "engine": ["--events", "500"],
    "end_to_end": ["--seconds", "8", "--burst", "400", "--naive-burst", "40"],
    "workers": ["--burst", "500"],
    "state": ["--customers", "1000", "10000", "100000", "--events", "2000"],
    "memory": ["--minutes", "4", "--fill", "5000"],
}
LONG = {"end_to_end": ["--seconds", "600"], "memory": ["--minutes", "60"]}
LONG_LIMIT_S = 3 * 6 * 600.0


class PartFailed(Exception):
    """A part ended without a report; says why."""


def command(part: str, sizes: dict[str, list[str]]) -> list[str]:
    """A part's program and arguments."""
    programs = {
        "encoder": ["encoder.py"],
        "engine": ["engine_cost.py", "--peers", str(PEERS)],
        "end_to_end": ["end_to_end.py"],
        "workers": ["workers.py"],
        "state": ["state_scale.py"],
        "memory": ["soak.py", "--minutes", "25"],
    }
    return [*programs[part], *sizes.get(part, [])]


def run(program: list[str], limit_s: float = LIMIT_S) -> dict[str, Any]:
    """What a part reports. Raises `PartFailed` when it does not."""
    with subprocess.Popen(
        [sys.executable, str(HERE / program[0]), *program[1:]],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
    ) as process:
        try:
            said, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            _stop(process)
            why = f"{program[0]} was not done within {limit_s:.0f} s: a calmer machine, or --short"
            raise PartFailed(why) from None
        except BaseException:  # who is told to end leaves nothing behind
            _stop(process)
            raise
    if process.returncode:
        raise PartFailed(f"{program[0]} ended with {process.returncode}; why stands above")
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def _stop(process: subprocess.Popen[str]) -> None:
    """Let it stop the broker and the apps that it started; no longer than `STOP_S`."""
    process.terminate()
    try:
        process.communicate(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()


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
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--short", action="store_true", help="a few events of each part: sizes")
    size.add_argument("--long", action="store_true", help="ten minutes at each of six loads")
    parser.add_argument("--only", nargs="+", choices=PARTS)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    out: Path = given.out or (LATEST_LONG if given.long else LATEST)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found: dict[str, dict[str, Any]] = {}
    if out.is_file():
        found = json.loads(out.read_text())["parts"]
    sizes = SHORT if given.short else LONG if given.long else {}
    failed = False
    for name in given.only or PARTS:
        program, before = command(name, sizes), about()
        sys.stderr.write(f"measuring: {' '.join(program)}\n")
        try:
            measured = run(program, LONG_LIMIT_S if given.long else LIMIT_S)
        except PartFailed as problem:
            failed = True
            sys.stderr.write(f"{name} is not measured: {problem}\n")
        else:
            load_after = round(os.getloadavg()[0], 2)
            asked = {"size": sizes.get(name, []), "about": before, "load_after": load_after}
            found[name] = {**measured, **asked}
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(json.dumps(together(found), indent=1) + "\n")
    report = together(found)
    if importlib.util.find_spec("matplotlib"):
        import pictures

        folder = out.parent if given.out else PICTURES
        pictures.draw(report, folder, "-long" if given.long else "")
    shown = {key: report[key] for key in ("ratios", "engine_us", "latency_ms")}
    sys.stdout.write(json.dumps(shown, indent=1) + "\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
