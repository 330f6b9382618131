"""Tests sleep nowhere: who waits, waits for something, with `waiting.until`. Here is who may, and why."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parent
MAY = {
    "waiting.py": "the one place that looks again and again",
    "integration/loss/field.py": "seeded moments of faults, and records that are sent over a time",
    "integration/loss/flood.py": "fragments at a rate, and a worker that is looked at twice a second",
    "integration/loss/member.py": "a model that is slow, and a race that stock Faust always loses",
    "integration/loss/stock.py": "the same race, waited for inside of stock Faust",
    "unit/engine/test_handing_over.py": "a stand-in for Faust's consumer passes its sleep on",
    "unit/understand/test_remote.py": "an endpoint that sends one byte at a time",
}


def sleeps(path: Path) -> list[str]:
    """Calls that let time pass: `sleep` of more than nothing, `wait` of less than a second."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        [given] = node.args if len(node.args) == 1 else [None]
        nothing = isinstance(given, ast.Constant) and given.value == 0
        short = (
            isinstance(given, ast.Constant) and isinstance(given.value, float) and given.value < 1
        )
        if (name == "sleep" and not nothing) or (name == "wait" and short):
            found.append(f"{path.relative_to(TESTS)}:{node.lineno}")
    return found


def test_nobody_sleeps() -> None:
    found = [
        place
        for path in sorted(TESTS.rglob("*.py"))
        if str(path.relative_to(TESTS)) not in MAY
        for place in sleeps(path)
    ]
    assert not found, "wait for something, with tests/waiting.py"


def test_who_may_is_there() -> None:
    assert [name for name in MAY if not (TESTS / name).is_file()] == []


def test_what_sleeps_is_seen(tmp_path: Path) -> None:
    file = TESTS / "waiting.py"
    assert sleeps(file), "or nothing would ever be found"
