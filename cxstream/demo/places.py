"""Where in a YAML file does a value stand? So that an error in a story names file, line and field.

Every plain value is read as text and given its type by the story's own schema: in a conversation, "no"
is an answer and not a truth value, and 0042 is part of an order number.
"""

from __future__ import annotations

import re
from typing import Final, TypeVar

import msgspec
import yaml

from cxstream.errors import UNREADABLE, CxError
from cxstream.plain_yaml import not_plain

T = TypeVar("T")

DEPTH_MAX: Final = 20
"""Lists and maps in each other, far more than a story has."""

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_AT = re.compile(r" - at `\$([^`]*)`$")
_FIELD = re.compile(r"field `(\w+)`")


class StoryError(CxError):
    """A story file that cannot be told; the message is `file:line field: what is wrong`."""


class Places:
    """The parsed YAML of one file, asked for the line of a path such as `.conversations[0].lines[3].at`."""

    def __init__(self, name: str, root: yaml.Node) -> None:
        self.name = name
        self.root = root

    def line(self, path: str) -> int:
        """The line (from 1) of the deepest part of `path` that exists."""
        node, mark = self.root, self.root.start_mark
        for key, index in _STEP.findall(path):
            if isinstance(node, yaml.SequenceNode) and index and int(index) < len(node.value):
                node = node.value[int(index)]
                mark = node.start_mark
            elif isinstance(node, yaml.MappingNode):
                found = [(k, v) for k, v in node.value if k.value == key]
                if not found:
                    break
                mark, node = found[0][0].start_mark, found[0][1]
            else:
                break
        return int(mark.line) + 1

    def error(self, path: str, problem: str) -> StoryError:
        """An error at `path`, ready to raise."""
        return StoryError(f"{self.name}:{self.line(path)} {path.lstrip('.')}: {problem}")


def read(text: str, kind: type[T], name: str) -> tuple[T, Places]:
    """Parse `text` as YAML into `kind` (a msgspec Struct); raises StoryError."""
    try:
        if found := not_plain(text, yaml.BaseLoader, DEPTH_MAX, aliases=True, tags=True):
            raise StoryError(f"{name}:{found[0]} {found[1]}")
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        if root is None:
            raise StoryError(f"{name}:1 the file is empty")
        places = Places(name, root)
        _refuse_twice(root, places, "")
        plain = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  BaseLoader builds only text, lists and maps
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else 1
        hint = "; quote the text when it holds ': ' or ' #'" if "mapping" in str(error) else ""
        raise StoryError(f"{name}:{line} not YAML: {error.problem}{hint}") from error
    except (yaml.YAMLError, *UNREADABLE) as error:
        raise StoryError(f"{name}:1 not YAML: {type(error).__name__}") from error
    try:
        return msgspec.convert(plain, kind, strict=False), places
    except msgspec.ValidationError as error:
        problem = str(error)
        at = _AT.search(problem)
        path = at.group(1) if at else ""
        field = _FIELD.search(problem)
        if field is not None:
            path = f"{path}.{field.group(1)}"
        raise places.error(path, _AT.sub("", problem)) from error


def _refuse_twice(node: yaml.Node, places: Places, path: str) -> None:
    """YAML lets the last of two equal keys win; in a story that would swallow a line."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _refuse_twice(item, places, f"{path}[{index}]")
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise StoryError(
                    f"{places.name}:{line} {path.lstrip('.')}: '{key.value}' stands here twice"
                )
            seen.add(key.value)
            _refuse_twice(value, places, f"{path}.{key.value}")
