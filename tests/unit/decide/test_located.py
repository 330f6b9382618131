"""What PyYAML alone reads, libyaml reads alike, with the same lines.

What PyYAML refuses, like a tab at the end of a line, libyaml may take. What both refuse PyYAML tells of.
"""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cxstream.decide import located
from cxstream.decide.load import default_text

PIECES = st.sampled_from(
    ["a", "b: ", "- ", "\n", "\n  ", "\n    ", ": ", "? ", '"', "'", "[", "]", "{", "}", ", ", "#", " # c",
     "|\n", ">\n", "%", "@", "\t", "&x ", "*x", "!!int ", "---", "...", "1", "1.5", "true", "~", "\\", "é",
     "\u2028", "\x85", "\x00", "\ud800", "\r", " "]
)  # fmt: skip


def seen(node: yaml.Node | None) -> object:
    if node is None:
        return None
    where = (node.tag, None if node.value == "" else node.start_mark.line)  # nothing is nowhere
    if isinstance(node, yaml.ScalarNode):
        return (*where, node.value)
    if isinstance(node, yaml.MappingNode):
        return (*where, [(seen(key), seen(value)) for key, value in node.value])
    return (*where, [seen(one) for one in node.value])


def read(text: str) -> tuple[object, list[str]]:
    document = located.Document(text, "p.yaml")
    return seen(document.root), document.problems


def by_pyyaml(text: str) -> tuple[object, list[str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(located, "_QUICK", yaml.SafeLoader)
        return read(text)


def test_the_shipped_playbook_is_the_same() -> None:
    assert read(default_text()) == by_pyyaml(default_text())


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=24).map("".join))
@example("\ud800")
@example("\ufeffa: 1")
def test_nothing_is_read_in_another_way(text: str) -> None:
    quick, slow = read(text), by_pyyaml(text)
    assert quick == slow or "not YAML" in slow[1][0]  # told, or taken
