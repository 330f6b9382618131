"""Which interpreter `make setup` takes: the faster build, unless told; and none that the package is not for."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "deploy" / "python.sh"


def interpreter(path: Path, *, slow: bool = False, suits: bool = True) -> None:
    """A stand-in: built without optimisations, or with; of a version that suits, with venv, or not."""
    path.write_text(
        f'#!/bin/sh\ncase "$2" in *CONFIG_ARGS*) exit {int(not slow)} ;; esac\nexit {int(not suits)}\n',
        "utf-8",
    )
    path.chmod(0o755)


def asked(folder: Path, told: str = "") -> subprocess.CompletedProcess[str]:
    """The script, where a folder has `python3`, and `system` for the system's."""
    return subprocess.run(
        ["sh", str(SCRIPT), str(folder / "system")],
        env={"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHON": told},
        capture_output=True,
        text=True,
        check=False,
    )


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
    interpreter(tmp_path / "python3", slow=slow)
    if system is not None:
        interpreter(tmp_path / "system", suits=system)
    assert asked(tmp_path).stdout.strip().removeprefix(f"{tmp_path}{os.sep}") == taken


def test_what_is_told_is_taken(tmp_path: Path) -> None:
    interpreter(tmp_path / "python3", slow=True)
    interpreter(tmp_path / "system")
    interpreter(tmp_path / "python3.12")
    assert asked(tmp_path, "python3.12").stdout.strip() == "python3.12"


def test_one_that_the_package_is_not_for_is_refused_with_the_mend(tmp_path: Path) -> None:
    interpreter(tmp_path / "python3", suits=False)
    done = asked(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "needs Python 3.11 to 3.13" in done.stderr
    assert "make setup PYTHON=" in done.stderr


def test_the_script_wants_what_the_package_wants() -> None:
    least, over = re.findall(r"\(3, (\d+)\)", SCRIPT.read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == f">=3.{least},<3.{over}"
