"""Which connectors there are: ours and those of other packages, all by the entry point
`cxstream.connectors`.

[project.entry-points."cxstream.connectors"]
acme = "acme_cxstream:CONNECTOR"
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from cxstream.connectors.connector import Connector
from cxstream.errors import SettingsError

GROUP = "cxstream.connectors"


@cache
def _installed() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def names() -> list[str]:
    """The names of all connectors that are installed, without loading any."""
    return sorted(_installed())


@cache
def connector(name: str) -> Connector:
    """The connector of that name. Raises `SettingsError` when there is none, or it can't be loaded."""
    entry = _installed().get(name)
    if entry is None:
        known = ", ".join(names()) or "none installed: run `make setup` again"
        raise SettingsError(f"connector {name!r}: one of {known}")
    try:
        loaded = entry.load()
    except (ImportError, AttributeError) as error:
        raise SettingsError(
            f"connector {name!r} ({entry.value}) can't be loaded: {error}"
        ) from error
    if not isinstance(loaded, Connector):
        raise SettingsError(f"connector {name!r}: {entry.value} is no cxstream Connector")
    return loaded


def rows() -> list[dict[str, object]]:
    """All connectors as rows of a table: vendor, name, status, proof, what the address has to say."""
    return [
        {
            "vendor": connector(name).title,
            "name": name,
            "status": connector(name).status,
            "proof": connector(name).proof.told,
            "address": connector(name).needs,
        }
        for name in names()
    ]


def markdown() -> str:
    """The rows as a table of the documentation."""
    lines = ["| vendor | name | status | proves itself by | say in the address, or in the setup |"]
    lines.append("|---|---|---|---|---|")
    for row in rows():
        cells = (row["vendor"], f"`{row['name']}`", row["status"], row["proof"], row["address"])
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"
