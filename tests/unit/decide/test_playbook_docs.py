"""docs/playbooks.md tells the truth: its examples run, its errors are real, every field is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cxstream.decide import load, rules, vocabulary
from cxstream.decide.rehearse import rehearse
from cxstream.errors import PlaybookError

DOC = (Path(__file__).resolve().parents[3] / "docs" / "playbooks.md").read_text("utf-8")
GOOD, OFFERS, BAD = re.findall(r"<!-- checked by .*?-->\n```yaml\n(.*?)```", DOC, re.DOTALL)


def test_the_example_holds() -> None:
    (rule,) = load.load_playbook(GOOD, "shop.yaml").rules
    assert rule.id == "delivery_late"


def test_the_examples_of_the_gates_come_true() -> None:
    played = list(rehearse(load.load_playbook(OFFERS, "offers.yaml")))
    assert len(played) == 3
    assert [r.faults for r in played] == [(), (), ()]


def test_the_errors_are_real() -> None:
    with pytest.raises(PlaybookError) as caught:
        load.load_playbook(BAD, "shop.yaml")
    assert "\n".join(caught.value.problems) in DOC


@pytest.mark.parametrize(
    "name", [*rules._RULE, *load._TOP, *vocabulary.EVENTS, *vocabulary.INTENTS]
)
def test_every_word_is_explained(name: str) -> None:
    assert f"`{name}`" in DOC


def test_every_fact_is_in_the_tables() -> None:
    for path, field in vocabulary.fields():
        shown = re.sub(r"^customer\.last_(1h|24h|30d)\.", "customer.last_5m.", path)
        (line,) = [line for line in DOC.splitlines() if line.startswith(f"| `{shown}` |")]
        assert line.endswith(f"{field.means} |")
