"""YAML to a playbook that holds, or every problem in it with file, line and what was expected."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import yaml

from cxstream.decide import vocabulary
from cxstream.decide.examples import read_examples
from cxstream.decide.located import Document, Fields
from cxstream.decide.playbook import Playbook, Rule
from cxstream.decide.policies import POLICY, read_policy
from cxstream.decide.rules import read_rule
from cxstream.decide.spoken import PhraseLists, read_patterns
from cxstream.errors import PlaybookError

RULES_MAX = 500
_TOP = ("playbook", "version", "title", "pace", *POLICY, "phrase_lists", "rules", "examples")


def load_playbook(text: str, source: str) -> Playbook:
    """The playbook in a YAML text; `source` names it in problems.

    Raises PlaybookError with every problem as `source:line: what was expected`.
    """
    document = Document(text, source)
    playbook = _playbook(document) if document.root is not None else None
    if document.root is None and not document.problems:
        document.problem(None, "is empty; expected a playbook")
    if document.problems or playbook is None:
        raise PlaybookError(document.problems)
    return playbook


def default_playbook() -> Playbook:
    """The playbook that comes with cxstream."""
    return load_playbook(default_text(), "default.yaml")


def default_text() -> str:
    """Its text."""
    resource = files("cxstream.decide").joinpath("playbooks", "default.yaml")
    return resource.read_text("utf-8")


def check(path: Path) -> list[str]:
    """All that is wrong with a file; an empty list when it holds."""
    try:
        load_playbook(path.read_text("utf-8"), str(path))
    except PlaybookError as error:
        return error.problems
    except UnicodeDecodeError as error:
        return [f"{path}:1: is not UTF-8 text (byte {error.start})"]
    except OSError as error:
        return [f"{path}:1: cannot be read: {error.strerror}"]
    return []


def _playbook(document: Document) -> Playbook | None:
    top = Fields(document, document.root, _TOP, "playbook")
    top.require("playbook", "version", "rules")
    nodes = top.items("rules")
    if len(nodes) > RULES_MAX:
        top.problem("rules", f"has {len(nodes)} rules; at most {RULES_MAX}")
    lists, policy = _lists(top), read_policy(top)
    rules = [
        (node, rule)
        for node in nodes
        if (rule := read_rule(document, node, lists, policy)) is not None
    ]
    _check_together(document, rules)
    return Playbook(
        name=top.text("playbook", longest=64),
        version=top.text("version", longest=32, loose=True),
        title=top.text("title", longest=200),
        pace=_pace(top),
        policy=policy,
        examples=read_examples(top, tuple(rule.id for _, rule in rules)),
        rules=tuple(rule for _, rule in rules),
    )


def _pace(top: Fields) -> dict[str, int]:
    names = tuple(top.names("pace"))
    if not names:
        return {}
    pace = top.fields("pace", names)
    return {name: pace.whole(name, 1, least=1, most=1_000) for name in names}


def _lists(top: Fields) -> PhraseLists:
    """Lists of phrases under a name, for the rules that share them."""
    names = tuple(top.names("phrase_lists"))
    lists = top.fields("phrase_lists", names) if names else None
    return {name: read_patterns(lists, name, {}) for name in names} if lists else {}


def _check_together(document: Document, rules: list[tuple[yaml.Node, Rule]]) -> None:
    """What no rule can know alone: ids used twice, and who suppresses whom."""
    by_id: dict[str, tuple[yaml.Node, Rule]] = {}
    for node, rule in rules:
        if rule.id in by_id:
            line = by_id[rule.id][0].start_mark.line + 1
            document.problem(node, f"rule {rule.id}: the id is used already in line {line}")
        elif rule.id:
            by_id[rule.id] = (node, rule)
    for node, rule in rules:
        for other in sorted(_rules_read(rule) - by_id.keys()):
            hint = vocabulary.suggest(other, list(by_id))
            document.problem(node, f"rule {rule.id}: given.{other}: no rule {other!r}; {hint}")
        for other in rule.suppresses:
            if other not in by_id:
                hint = vocabulary.suggest(other, list(by_id))
                document.problem(node, f"rule {rule.id}: suppresses: no rule {other!r}; {hint}")
            elif by_id[other][1].priority >= rule.priority:
                document.problem(
                    node,
                    f"rule {rule.id}: suppresses: {other} has priority {by_id[other][1].priority};"
                    f" a rule suppresses only lower ones than its own {rule.priority}",
                )


def _rules_read(rule: Rule) -> set[str]:
    """The rules whose decisions a rule looks back at (`given.<rule>`)."""
    conditions = (
        rule.when,
        rule.withdraw_when,
        *rule.gates.all(),
        *(w.when for w in rule.worth.weights),
    )
    parts = (*conditions, rule.because, rule.withdraw_because)
    paths = [path for part in parts if part is not None for path in part.paths]
    return {path[1] for path in paths if path[0] == vocabulary.GIVEN and len(path) == 2}
