"""The docs' table of what was played, from the lines that `chaos.py --results` wrote: `table.py FILE`.

Sessions of one kind are added up; a kind with anything lost, doubled or wrong says so. Nothing is rounded up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HEAD = (
    "| kind | faults | fragments, answers of people | lost | disorder | shown twice on a desk"
    " | anything else wrong | repetitions, equal in id and bytes | decides again: median / most | seeds |"
)


def table(rows: Iterable[dict[str, Any]]) -> str:
    """The rows as Markdown, a line a kind."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        kinds.setdefault(row["kind"], []).append(row)
    kinds.pop("control", None)
    lines = [HEAD, "|---" * HEAD.count(" | ") + "|---|"]
    return "\n".join([*lines, *(_line(kind, of) for kind, of in sorted(kinds.items()))])


def _line(kind: str, rows: list[dict[str, Any]]) -> str:
    again = sorted(seconds for row in rows for seconds in row.get("again_s", []))
    told = {"lost", "answers lost", "order", "shown twice"}
    wrong = sum(n for row in rows for what, n in row["wrong"].items() if what not in told)
    wrong += sum("stuck" in row for row in rows)
    cells = (
        f"`{kind}`",
        sum(row["faults"] for row in rows),
        f"{sum(row['applied'] for row in rows):,}, {sum(row['answers'] for row in rows):,}",
        *(sum(row[name] for row in rows) for name in ("lost", "order_errors", "shown_twice")),
        wrong,
        sum(row["duplicates"] for row in rows),
        f"{again[len(again) // 2]} / {again[-1]} s" if again else "",
        ", ".join(sorted({str(row["seed"]) for row in rows})),
    )
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    print(table(map(json.loads, Path(sys.argv[1]).read_text("utf-8").splitlines())))
