"""The pages of promises name tests that are there, commands that exist, and kinds that are played."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "docs" / name for name in ("promises.md", "reliability.md")]
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)


def test_every_test_named_is_there() -> None:
    named = set(re.findall(r"`((?:tests|cxstream|benchmarks)/[\w/.-]+\.\w+)`", TEXT))
    assert len(named) > 25
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []
    short = set(re.findall(r"`(test_\w+\.py)`", TEXT))
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert short - there == set()


def test_every_promise_has_a_test() -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \|", PAGES[0].read_text("utf-8"), re.MULTILINE)
    promises = [
        (what, kept) for what, kept in rows if what not in ("promise", "---") and "---" not in what
    ]
    assert len(promises) >= 17
    assert [what for what, kept in promises if "`tests/" not in kept] == []


def test_every_kind_named_is_played() -> None:
    faults = (ROOT / "tests/integration/loss/faults.py").read_text("utf-8")
    kinds = set(re.findall(r'^    name = "([\w-]+)"', faults, re.MULTILINE))
    named = set(re.findall(r"[Kk]inds? `([\w-]+)`", TEXT)) | set(
        re.findall(r"^\| `([\w-]+)`", TEXT, re.MULTILINE)
    )
    assert named
    assert named - kinds == set()


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert {"chaos", "fuzz"} <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
