"""YAML read with its lines: every value knows where it stands, and every problem says file and line.

Only plain YAML is taken: no tags, no anchors, no aliases, a bounded size and depth. Problems are
collected, not raised, so that a policy owner sees all of them at once.
"""

from __future__ import annotations

import yaml

from cxstream.decide import vocabulary
from cxstream.plain_yaml import not_plain

SIZE_MAX = 512_000
DEPTH_MAX = 8
_Loader = type[yaml.SafeLoader]
_QUICK: _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where PyYAML was built with it: a playbook is read in a tenth of the time."""
_PLAIN = "tag:yaml.org,2002:"
_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "null": "nothing"}


class Document:
    """A YAML text under its name, and the problems found in it so far."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._found: list[tuple[int, str]] = []
        self.root = self._compose(text)

    @property
    def problems(self) -> list[str]:
        """All problems as `file:line: what`, in the order of the lines."""
        return [f"{self.name}:{line}: {what}" for line, what in sorted(self._found)]

    def problem(self, node: yaml.Node | None, what: str) -> None:
        """Note a problem at a node (without one: at the top)."""
        line = node.start_mark.line + 1 if node is not None else 1
        self._note(line, what)

    def _note(self, line: int, what: str) -> None:
        self._found.append((line, what))

    def _compose(self, text: str) -> yaml.Node | None:
        if len(text) > SIZE_MAX:
            self._note(1, f"is {len(text)} characters long; at most {SIZE_MAX}")
            return None
        try:
            return self._read(text, _QUICK)
        except (yaml.YAMLError, UnicodeError):
            return self._composed(text)

    def _composed(self, text: str) -> yaml.Node | None:
        """As PyYAML itself reads it, which tells more of what is wrong."""
        try:
            return self._read(text, yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark: yaml.Mark | None = error.problem_mark or error.context_mark
            what = ", ".join(filter(None, (error.context, error.problem)))
            self._note(mark.line + 1 if mark else 1, f"not YAML: {what}{_hint(what)}")
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self._note(line, f"not YAML: the character U+{ord(text[error.position]):04X}")
        return None

    def _read(self, text: str, loader: _Loader) -> yaml.Node | None:
        if found := not_plain(text, loader, DEPTH_MAX):
            self._note(*found)
            return None
        return yaml.compose(text, Loader=loader)


def _hint(what: str) -> str:
    if "mapping values are not allowed" in what:
        return " (a text with ': ' in it belongs in quotes)"
    return " (indent with blanks)" if "\\t" in what else ""


class Fields:
    """One mapping, read field by field; what is not `known` is a problem, so is what does not fit.

    A reader returns its default (or None) after noting a problem.
    """

    def __init__(
        self, document: Document, node: yaml.Node | None, known: tuple[str, ...], what: str
    ) -> None:
        self.document = document
        self.node = node
        self.what = what
        self._nodes: dict[str, yaml.Node] = {}
        self.keys: dict[str, yaml.Node] = {}
        if not isinstance(node, yaml.MappingNode):
            document.problem(
                node, f"{what}: expected fields ({', '.join(known)}), found {_found(node)}"
            )
            return
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name not in known:
                document.problem(
                    key, f"{what}: unknown field {name!r}; {vocabulary.suggest(name, known)}"
                )
            elif name in self._nodes:
                document.problem(key, f"{what}: {name!r} is given twice")
            else:
                self._nodes[name], self.keys[name] = value, key

    def has(self, name: str) -> bool:
        """Whether a field is given."""
        return name in self._nodes

    def problem(self, name: str, what: str) -> None:
        """Note a problem with a field."""
        self.document.problem(self.keys.get(name, self.node), f"{self.what}: {name}: {what}")

    def require(self, *names: str) -> None:
        """Note the fields that must be there and are not."""
        for name in names:
            if name not in self._nodes and isinstance(self.node, yaml.MappingNode):
                self.document.problem(self.node, f"{self.what}: {name!r} is missing")

    def text(self, name: str, default: str = "", *, longest: int = 500, loose: bool = False) -> str:
        """A text that is not empty; `loose` takes a number as it is written."""
        node = self._nodes.get(name)
        if node is None:
            return default
        if not isinstance(node, yaml.ScalarNode) or (not loose and _kind(node) != "str"):
            self.problem(name, f"expected text, found {_found(node)}{_quotes(node)}")
            return default
        value = " ".join(node.value.split())
        if not value:
            self.problem(name, "expected text, found nothing")
        elif len(value) > longest:
            self.problem(name, f"is {len(value)} characters long; at most {longest}")
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str = "") -> str:
        """One of a few words."""
        value = self.text(name, default, loose=True)
        if self.has(name) and value and value not in choices:
            self.problem(name, f"{value!r} is not known; {vocabulary.suggest(value, choices)}")
        return value

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number between two bounds."""
        value = self._number(name, float(default), least, most, "a whole number")
        if value != int(value):
            self.problem(name, f"expected a whole number, found {value}")
        return int(value)

    def share(self, name: str, default: float) -> float:
        """A number from 0 to 1."""
        return self._number(name, default, 0, 1, "a number")

    def number(self, name: str, *, least: float, most: float) -> float:
        """A number between two bounds; 0 where it is not given."""
        return self._number(name, 0.0, least, most, "a number")

    def _number(self, name: str, default: float, least: float, most: float, kind: str) -> float:
        node = self._nodes.get(name)
        if node is None:
            return default
        try:
            if not isinstance(node, yaml.ScalarNode) or _kind(node) not in ("int", "float"):
                raise ValueError
            value = float(node.value.replace("_", ""))
        except ValueError:
            self.problem(name, f"expected {kind} from {least} to {most}, found {_found(node)}")
            return default
        if not least <= value <= most:
            self.problem(name, f"expected {kind} from {least} to {most}, found {node.value}")
            return default
        return value

    def flag(self, name: str) -> bool | None:
        """True or false; None when it is not given."""
        node = self._nodes.get(name)
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode) or _kind(node) != "bool":
            self.problem(name, f"expected true or false, found {_found(node)}")
            return None
        return node.value.lower() in ("true", "yes", "on")

    def fact(self, name: str, example: object) -> object:
        """A value of the same kind as an example (None: of whatever kind it is written)."""
        node = self._nodes[name]
        value = yaml.SafeLoader("").construct_object(node, deep=True)
        if isinstance(example, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if example is not None and type(value) is not type(example):
            self.problem(name, f"expected {vocabulary.kind_of(example)}, found {_found(node)}")
        return value

    def items(self, name: str) -> list[yaml.Node]:
        """The members of a list, as nodes."""
        node = self._nodes.get(name)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.problem(name, f"expected a list, found {_found(node)}")
            return []
        if not node.value:
            self.problem(name, "expected a list with members, found an empty one")
        return list(node.value)

    def texts(self, name: str) -> list[tuple[str, yaml.Node]]:
        """A list of texts with their places."""
        found: list[tuple[str, yaml.Node]] = []
        for node in self.items(name):
            if isinstance(node, yaml.ScalarNode) and _kind(node) == "str" and node.value.strip():
                found.append((node.value, node))
            else:
                what = f"{self.what}: {name}: expected text, found {_found(node)}{_quotes(node)}"
                self.document.problem(node, what)
        return found

    def choices(self, name: str, choices: tuple[str, ...]) -> tuple[str, ...]:
        """A list of known words, none twice."""
        found: list[str] = []
        for value, node in self.texts(name):
            if value not in choices:
                what = f"{value!r} is not known; {vocabulary.suggest(value, choices)}"
                self.document.problem(node, f"{self.what}: {name}: {what}")
            elif value in found:
                self.document.problem(node, f"{self.what}: {name}: {value!r} is given twice")
            found.append(value)
        return tuple(found)

    def names(self, name: str) -> list[str]:
        """The field names of a mapping whose names are free."""
        node = self._nodes.get(name)
        if node is None:
            return []
        if not isinstance(node, yaml.MappingNode):
            self.problem(name, f"expected fields, found {_found(node)}")
            return []
        return [str(key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode)]

    def fields(self, name: str, known: tuple[str, ...]) -> Fields:
        """A mapping inside this one."""
        return Fields(self.document, self._nodes.get(name), known, f"{self.what}: {name}")

    def is_fields(self, name: str) -> bool:
        """Whether a field is given as a mapping."""
        return isinstance(self._nodes.get(name), yaml.MappingNode)

    def is_text(self, name: str) -> bool:
        """Whether a field is given as one value."""
        return isinstance(self._nodes.get(name), yaml.ScalarNode)


def _kind(node: yaml.Node) -> str:
    return str(node.tag).removeprefix(_PLAIN)


def _found(node: yaml.Node | None) -> str:
    if node is None:
        return "nothing"
    if isinstance(node, yaml.MappingNode):
        return "fields"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    value = str(node.value)
    shown = value if len(value) <= 40 else f"{value[:39]}…"
    return _KINDS.get(_kind(node), "the text") + (f" {shown}" if value else "")


def _quotes(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode) and node.flow_style:
        return "; a text that begins with a brace belongs in quotes"
    if isinstance(node, yaml.MappingNode):
        return "; a text with ': ' in it belongs in quotes"
    if isinstance(node, yaml.ScalarNode) and node.value:
        return f'; write "{node.value}"'
    return ""
