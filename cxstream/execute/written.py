"""YAML that people write for us: plain values, of bounded size; what is wrong with it is told in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

from cxstream.errors import UNREADABLE, SettingsError
from cxstream.plain_yaml import not_plain

SIZE_MAX: Final = 1024 * 1024
"""Characters of a configuration: thousands of actions or webhooks."""
DESCRIPTION_MAX: Final = 16 * 1024 * 1024
"""Characters of another system's API description, which may well be long."""
DEPTH_MAX: Final = 100


def read_yaml(path: Path, *, most: int = SIZE_MAX, aliases: bool = False) -> object:
    """What a file says. Raises `SettingsError` for one that cannot be read, is too long, or is no plain YAML.

    Anchors and aliases are taken only with `aliases`: a few lines of them can stand for gigabytes.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(most + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    if len(text) > most:
        raise SettingsError(f"{path}: at most {most} characters")
    try:
        if found := not_plain(text, yaml.SafeLoader, DEPTH_MAX, aliases=aliases):
            raise ValueError(found[1])
        return yaml.safe_load(text)
    except (yaml.YAMLError, *UNREADABLE) as error:  # a date like 2026-99-99 is a ValueError
        raise SettingsError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
