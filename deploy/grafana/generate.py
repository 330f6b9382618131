"""Writes the Grafana dashboards from the lists in `panels.py`: `python deploy/grafana/generate.py`.

Nothing but what a panel shows is worth writing by hand in JSON. A test runs every query against a real
Prometheus that scrapes a running system.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from panels import BOARDS, Panel

HERE = Path(__file__).resolve().parent / "dashboards"
_WIDTH, _HEIGHT = 8, 8


def board(uid: str, title: str, panels: tuple[Panel, ...]) -> dict[str, Any]:
    """A dashboard as Grafana reads it."""
    return {
        "uid": f"cxstream-{uid}",
        "title": f"cxstream: {title}",
        "tags": ["cxstream"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "source",
                    "type": "datasource",
                    "query": "prometheus",
                    "label": "Prometheus",
                }
            ]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    row, column = divmod(number, 24 // _WIDTH)
    return {
        "id": number + 1,
        "title": panel.title,
        "description": panel.tells,
        "type": panel.kind,
        "datasource": source,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "options": {},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": source,
                "expr": query.expr,
                "legendFormat": query.legend,
                "format": "heatmap" if panel.kind == "heatmap" else "time_series",
            }
            for place, query in enumerate(panel.queries)
        ],
    }


def main() -> None:
    """Write every dashboard."""
    for uid, (title, panels) in BOARDS.items():
        text = json.dumps(board(uid, title, panels), indent=1, ensure_ascii=False)
        (HERE / f"{uid}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
