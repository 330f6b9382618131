"""YAML looked over before it is read: is it plain, and no deeper than anybody writes?

PyYAML gives up on a thousand brackets only after seconds, and a few lines of aliases can stand for gigabytes.
Who looks at the events first waits for neither.
"""

from __future__ import annotations

import yaml


def not_plain(
    text: str,
    loader: type[yaml.BaseLoader | yaml.SafeLoader],
    deepest: int,
    *,
    aliases: bool = False,
    tags: bool = False,
) -> tuple[int, str] | None:
    """The first thing that is not to be read, as its line and what is wrong; None for plain YAML.

    Lists and maps may lie `deepest` in each other; anchors, aliases and tags are taken where it says so. Raises
    yaml.YAMLError for what is no YAML.
    """
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if not aliases and (isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None)):
            return line, "anchors and aliases (& and *) are not taken; write it out"
        if not tags and (tag := getattr(event, "tag", None)):
            return line, f"tags are not taken ({tag}); write plain values"
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > deepest:
            return line, f"nested deeper than {deepest}"
    return None
