"""Playbooks as software: examples run, "why did it not fire" has an answer, the schema knows every field."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from cxstream import decide
from cxstream.cli.main import app
from cxstream.decide import effects, examples, load, policies, rules
from cxstream.decide.asking import ask, find, in_words, tell
from cxstream.decide.load import load_playbook
from cxstream.decide.rehearse import rehearse
from cxstream.decide.schema import playbook_schema
from cxstream.decide.tracing import Trace
from cxstream.errors import PlaybookError

BOOK = """
playbook: t
version: '1'
purposes: {offers: {needs_consent: true}}
rules:
  - {id: calm, title: t, on: [customer_utterance], phrases: [tea], when: utterance.anger < 0.3,
     because: 'They {heard}.', value: 20, lever: 50, nudge: {title: N, say: n}}
  - {id: offer, title: t, purpose: offers, on: [customer_utterance], phrases: [tea], because: b,
     nudge: {title: O, say: o}}
  - {id: held, title: t, on: [hold], because: b, nudge: {title: H, say: h}}
  - {id: billing, title: t, on: [customer_utterance], intents: [billing_dispute], because: b,
     nudge: {title: B, say: b}}
examples:
  - {name: tea, on: customer_utterance, text: some tea please, gives: [calm], gives_not: [held],
     refuses: {offer: consent}}
  - {name: no tea, on: customer_utterance, text: no coffee, gives: nothing}
  - {name: cooling down, on: customer_utterance, text: tea, given: {calm: 100}, gives: nothing,
     refuses: {calm: attention}}
"""


class Editor(yaml.SafeLoader):
    """YAML as editors read it (1.2): `on` is a word, not a truth."""


Editor.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in found if not tag.endswith(":bool") or first in "tTfF"
    ]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_edited(text: str) -> object:
    return yaml.load(text, Loader=Editor)


def faults(book: str) -> list[tuple[str, ...]]:
    return [r.faults for r in rehearse(load_playbook(book, "t.yaml"))]


def test_examples_that_come_true_have_no_faults() -> None:
    assert faults(BOOK) == [(), (), ()]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("gives: [calm]", "gives: [billing]", "expected billing, which did not apply"),
        ("gives: [calm]", "gives: [offer]", "expected offer, which was rejected: consent unknown"),
        ("gives_not: [held]", "gives_not: [calm]", "did not want calm, which gave something"),
        ("text: no coffee", "text: tea", "did not want calm, which gave something"),
        ("offer: consent", "offer: attention", "turned down at attention, not at consent"),
        ("offer: consent", "calm: consent", "turned down at consent, but it gave something"),
    ],
)
def test_an_example_that_does_not_come_true_says_why(old: str, new: str, expected: str) -> None:
    assert old in BOOK
    assert expected in " ".join(fault for each in faults(BOOK.replace(old, new)) for fault in each)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("gives: [calm]", "gives: [clam]", "gives: 'clam' is not known; did you mean 'calm'?"),
        ("gives: nothing", "gives: all", "gives: 'all' is not known"),
        ("text: no coffee", "facts: {utterance.angr: 1}", "'angr' is not a field of utterance"),
        ("text: no coffee", "facts: {utterance.anger: much}", "expected a number, found the text"),
        ("given: {calm", "given: {calmm", "no rule 'calmm'; did you mean 'calm'?"),
        ("text: no coffee", "at: yesterday", "'yesterday' is no moment"),
        ("offer: consent", "offer: consentt", "'consentt' is not known; did you mean 'consent'?"),
    ],
)
def test_a_mistake_in_an_example_is_told_with_its_line(old: str, new: str, expected: str) -> None:
    with pytest.raises(PlaybookError) as caught:
        load_playbook(BOOK.replace(old, new, 1), "t.yaml")
    assert expected in caught.value.problems[0]
    assert caught.value.problems[0].startswith("t.yaml:1")


def traced(text: str, **more: object) -> dict[str, Trace]:
    asked = {"on": "customer_utterance", "intent": "out_of_scope", "probability": 0.9} | {
        "facts": [],
        "consents": [],
        "channel": "voice",
        "agent": True,
    }
    playbook = load_playbook(BOOK, "t.yaml")
    example = ask(playbook, text=text, **(asked | more))  # type: ignore[arg-type]
    return {t.rule: t for t in tell(playbook, example)}


def test_every_rule_says_why_it_did_or_did_not() -> None:
    said = traced("tea")
    assert {rule: t.verdict for rule, t in said.items()} == {
        "calm": "gave",
        "offer": "turned down",
        "held": "not asked",
        "billing": "not started",
    }
    assert said["offer"].gate == "consent"
    lines = list(in_words(said["calm"]))
    assert lines[0] == "calm: gives nudge"
    assert lines[1].strip().startswith('They said "tea"')
    assert "    weighs 30 = P 1 (start) x C 1 x V 20 x L 1.5" in lines
    angry = traced("tea", facts=["utterance.anger=0.5"])["calm"]
    assert (angry.verdict, angry.reason) == ("does not hold", "utterance.anger < 0.3")
    assert angry.facts == {"utterance.anger": 0.5}
    assert traced("tea", consents=["offers"])["offer"].verdict == "gave"


def test_a_fact_that_is_no_fact_is_told_at_once() -> None:
    """A thousand brackets would keep PyYAML busy for a second."""
    for value, expected in (
        ("[" * 100_000, "nested deeper than 8"),
        ("[1", "no YAML value"),
    ):
        with pytest.raises(PlaybookError, match=expected):
            traced("tea", facts=[f"utterance.anger={value}"])


def test_the_example_of_a_file_can_be_explained() -> None:
    playbook = load_playbook(BOOK, "t.yaml")
    verdicts = {t.rule: t.reason for t in tell(playbook, find(playbook, "cooling down"))}
    assert verdicts["calm"].startswith("cool-down: given 100 s ago")
    with pytest.raises(PlaybookError, match="did you mean 'no tea'"):
        find(playbook, "no te")


def test_the_schema_takes_what_the_loader_takes_and_knows_every_field() -> None:
    schema = playbook_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    shipped = Path(decide.__file__).parent / "playbooks" / "default.yaml"
    for text in (shipped.read_text("utf-8"), BOOK):
        jsonschema.validate(as_edited(text), schema)
    properties = schema["properties"]
    rule = properties["rules"]["items"]["properties"]
    assert tuple(properties) == load._TOP
    assert set(rule) == set(rules._RULE)
    assert set(properties["examples"]["items"]["properties"]) == set(examples.EXAMPLE)
    purpose = properties["purposes"]["additionalProperties"]["properties"]
    assert set(purpose) == set(policies.PURPOSE)
    contact = properties["contact_policy"]["properties"]
    assert set(contact) == set(policies.CONTACT)
    for name, known in (("limits", policies.LIMIT), ("suppression", policies.SUPPRESSION)):
        assert set(contact[name]["items"]["properties"]) == set(known)
    assert set(contact["quiet_hours"]["properties"]) == set(policies.QUIET)
    assert set(properties["passport"]["properties"]) == set(policies.PASSPORT)
    assert set(properties["approval"]["properties"]) == set(effects.APPROVAL)
    assert set(rule["action"]["properties"]) == set(effects.ACTION)


def test_the_schema_refuses_what_is_misspelt() -> None:
    wrong = as_edited(BOOK.replace("lever: 50", "leverr: 50"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, playbook_schema())


def test_the_commands(tmp_path: Path) -> None:
    run = CliRunner().invoke
    book = tmp_path / "t.yaml"
    book.write_text(BOOK)
    assert run(app, ["playbook", "test", str(book)]).stdout == "3 of 3 examples as expected\n"
    book.write_text(BOOK.replace("gives: [calm]", "gives: [billing]"))
    failed = run(app, ["playbook", "test", str(book)])
    assert failed.exit_code == 1
    assert failed.stdout.startswith(f"{book}:14: tea: expected billing")
    said = run(app, ["playbook", "explain", str(book), "--say", "tea", "--json"])
    assert '"rule":"calm"' in said.stdout and said.exit_code == 0
    assert '"$schema"' in run(app, ["playbook", "schema"]).stdout
