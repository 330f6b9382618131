"""Which interpreter `make setup` takes: the faster build, unless told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "deploy" / "python.sh"


def chosen(folder: Path, *, slow: bool, system: bool | None, told: str = "") -> str:
    """What the script says: python3 is a `slow` build or not; the system's suits, or not, or is none."""
    answers = {"python3": slow} | ({} if system is None else {"system": system})
    for name, yes in answers.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\nexit {0 if yes else 1}\n", "utf-8")
        program.chmod(0o755)
    done = subprocess.run(
        ["sh", str(SCRIPT), str(folder / "system")],
        env={"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHON": told},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().replace(f"{folder}{os.sep}", "")


@pytest.mark.parametrize(
    ("slow", "system", "taken"),
    [
        pytest.param(True, True, "system", id="python3 is slow, the system's suits"),
        pytest.param(True, False, "python3", id="the system's is too old, or has no venv"),
        pytest.param(True, None, "python3", id="there is none of the system's"),
        pytest.param(False, True, "python3", id="python3 is fast"),
    ],
)
def test_the_faster_build_is_taken(
    tmp_path: Path, slow: bool, system: bool | None, taken: str
) -> None:
    assert chosen(tmp_path, slow=slow, system=system) == taken


def test_what_is_told_is_taken(tmp_path: Path) -> None:
    assert chosen(tmp_path, slow=True, system=True, told="python3.12") == "python3.12"
