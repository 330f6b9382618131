"""What is pinned can be installed on each Python that the package says it is for, not only on this one."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE)


def ours() -> SpecifierSet:
    """The Pythons that the package is for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return SpecifierSet(project["requires-python"])


def wanted_by(name: str) -> SpecifierSet:
    """The Pythons that a pinned package is for; any, where it is one of another system or extra."""
    try:
        return SpecifierSet(str(metadata(name).json.get("requires_python", "")))
    except PackageNotFoundError:
        return SpecifierSet()


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
def test_what_is_pinned_installs_on_each_python(python: str) -> None:
    """Debian 12's own Python is 3.11.2: a package that wants 3.11.5 stopped `make setup` there."""
    assert python in ours()
    too_new = [name for name in PINNED if python not in wanted_by(name)]
    assert not too_new, (
        f"pinned, but not for Python {python}: pin an older version in constraints.txt"
    )


def test_the_pinned_packages_are_those_that_are_looked_at() -> None:
    """Most of them are installed here; else the test above would pass by looking at nothing."""
    assert {"faust-streaming", "torch", "soupsieve"} <= set(PINNED)
    assert wanted_by("soupsieve") and wanted_by("torch")
