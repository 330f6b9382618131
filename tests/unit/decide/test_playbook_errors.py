"""Every mistake in a playbook is told with file, line and what was expected, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxstream.decide.load import check, default_playbook, load_playbook
from cxstream.errors import PlaybookError

GOOD = """\
playbook: shop
version: 2
rules:
  - id: falling
    title: The mood is falling
    on: [customer_utterance]
    when: utterance.anger >= 0.5 && conversation.negative_run >= 2
    because: "{conversation.negative_run} negative in a row"
    nudge:
      title: Acknowledge it
      say: I am sorry.
"""


def problems(text: str) -> list[str]:
    with pytest.raises(PlaybookError) as caught:
        load_playbook(text, "p.yaml")
    return caught.value.problems


def changed(old: str, new: str) -> list[str]:
    assert old in GOOD
    return problems(GOOD.replace(old, new))


def test_a_good_one_loads() -> None:
    playbook = load_playbook(GOOD, "p.yaml")
    assert (playbook.name, playbook.version, len(playbook.rules)) == ("shop", "2", 1)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "utterance.anger >=",
            "utterance.angr >=",
            "p.yaml:7: rule falling: when: 'angr' is not a field of utterance; did you mean 'anger'?",
        ),
        (
            "utterance.anger >=",
            "conversation.channle ==",
            "p.yaml:7: rule falling: when: 'channle' is not a field of conversation;"
            " did you mean 'channel'?",
        ),
        (
            "utterance.anger >=",
            "caller.anger >=",
            "p.yaml:7: rule falling: when: 'caller' is not a variable;"
            " expected one of: event, utterance, conversation, customer",
        ),
        (
            "&& conv",
            "and conv",
            "p.yaml:7: rule falling: when: not a CEL expression: column 24: Syntax error: mismatched"
            " input 'and' (write && for and, || for or, ! for not, == for equal)",
        ),
        (
            "utterance.anger >= 0.5",
            'utterance.intent == "refund"',
            "p.yaml:7: rule falling: when: utterance.intent is never 'refund';"
            " did you mean 'refund_request'?",
        ),
        (
            "utterance.anger >= 0.5",
            "conversation.negative_run * 0.5 > 1.0",
            "p.yaml:7: rule falling: when: does not evaluate: an operation does not fit the types (CEL"
            " mixes no types in arithmetic: double(x) makes a whole number a decimal one; text compares"
            " with text only)",
        ),
        (
            "utterance.anger >= 0.5 && conversation.negative_run >= 2",
            "utterance.anger",
            "p.yaml:7: rule falling: when: does not evaluate: it gives 0.3, not true or false",
        ),
        (
            "utterance.anger >= 0.5",
            'utterance.text.matches("x")',
            "p.yaml:7: rule falling: when: 'matches' builds its pattern anew at every utterance (half a"
            " millisecond); use `phrases`",
        ),
        (
            "utterance.anger >= 0.5",
            "round(utterance.anger) > 0",
            "p.yaml:7: rule falling: when: 'round' is not a function; expected one of: size, contains,"
            " startsWith, endsWith, int, double, string, has, all, exists, exists_one, map, filter, type,"
            " duration, timestamp",
        ),
        (
            "utterance.anger >= 0.5",
            "has(given.greeting)",
            "p.yaml:4: rule falling: given.greeting: no rule 'greeting'; expected one of: falling",
        ),
        (
            "utterance.anger >= 0.5",
            "phrases.insult",
            "p.yaml:7: rule falling: when: 'phrases.insult': this rule's phrases are not given",
        ),
        (
            "customer_utterance]",
            "custommer_utterance]",
            "p.yaml:6: rule falling: on: 'custommer_utterance' is not known;"
            " did you mean 'customer_utterance'?",
        ),
        (
            "customer_utterance]",
            "customer_utterance]\n    intents: [refunds]",
            "p.yaml:7: rule falling: intents: 'refunds' is not known; did you mean 'refund_request'?",
        ),
        (
            "    title: The mood",
            "    titel: The mood",
            "p.yaml:5: rule falling: unknown field 'titel'; did you mean 'title'?",
        ),
        ("    title: The mood is falling\n", "", "p.yaml:4: rule falling: 'title' is missing"),
        ("      say: I am sorry.\n", "", "p.yaml:10: rule falling: nudge: 'say' is missing"),
        (
            "      title: Acknowledge it",
            f"      title: {'word ' * 13}",
            "p.yaml:10: rule falling: nudge: title: is 64 characters long; at most 60",
        ),
        (
            "{conversation.negative_run} neg",
            "{conversation.negatives} neg",
            "p.yaml:8: rule falling: because: {conversation.negatives}: 'negatives' is not a field of"
            " conversation; did you mean 'negative_share'?",
        ),
        (
            "negative_run} neg",
            "negative_run|percnt} neg",
            "p.yaml:8: rule falling: because: {conversation.negative_run|percnt}: 'percnt' is no way to"
            " write a fact; did you mean 'percent'?",
        ),
        (
            '"{conversation.negative_run} negative in a row"',
            "{conversation.negative_run}",
            "p.yaml:8: rule falling: because: expected text, found fields;"
            " a text that begins with a brace belongs in quotes",
        ),
        (
            "    nudge:",
            "    priority: urgent\n    nudge:",
            "p.yaml:9: rule falling: priority: expected a whole number from 0 to 100,"
            " found the text urgent",
        ),
        (
            "    nudge:",
            "    cooldown_s: 5m\n    nudge:",
            "p.yaml:9: rule falling: cooldown_s: expected a whole number from 0 to 2592000,"
            " found the text 5m",
        ),
        (
            "    nudge:",
            "    suppresses: [fallling]\n    nudge:",
            "p.yaml:4: rule falling: suppresses: no rule 'fallling'; did you mean 'falling'?",
        ),
        (
            "    nudge:",
            "    withdraw_when: conversation.level > 0.1\n    nudge:",
            "p.yaml:9: rule falling: withdraw_when: belongs together with withdraw_because,"
            " which says it in words",
        ),
        (
            "    nudge:",
            "    phrases: ['(a+)+b']\n    nudge:",
            "p.yaml:9: rule falling: phrases: `(a+)+b` uses '+', which has no end;"
            " write a limit such as {0,20}",
        ),
        (
            "    nudge:",
            "    phrases: ['Refund me']\n    nudge:",
            "p.yaml:9: rule falling: phrases: `Refund me` has capital letters; write it in lower case,"
            " capitals in speech match too",
        ),
        (
            "    nudge:",
            "    phrases: [yes]\n    nudge:",
            'p.yaml:9: rule falling: phrases: expected text, found true or false yes; write "yes"',
        ),
        (
            "    nudge:\n      title: Acknowledge it\n      say: I am sorry.\n",
            "    escalation: {reason: mood, severity: hgh, summary: bad}\n",
            "p.yaml:9: rule falling: escalation: severity: 'hgh' is not known; did you mean 'high'?",
        ),
        (
            "    nudge:\n      title: Acknowledge it\n      say: I am sorry.\n",
            "",
            "p.yaml:4: rule falling: id: does nothing; expected nudge, action, escalation or note",
        ),
        (
            "[customer_utterance]",
            "[hold]",
            "p.yaml:7: rule falling: when: reads utterance, which a hold does not have; split the rule",
        ),
        (
            "    when: utterance.anger >= 0.5 && conversation.negative_run >= 2\n",
            "",
            "p.yaml:6: rule falling: on: would start at every utterance;"
            " expected intents, phrases or when",
        ),
        ("id: falling", "id: Falling", "p.yaml:4: rule Falling: id: 'Falling' is no id; expected"
         " lower-case letters, digits and _"),
        ("version: 2\n", "", "p.yaml:1: playbook: 'version' is missing"),
        ("playbook: shop", "playbook: !!python/name:os.system x", "p.yaml:1: tags are not taken"
         " (tag:yaml.org,2002:python/name:os.system); write plain values"),
        ("playbook: shop", "playbook: &a shop", "p.yaml:1: anchors and aliases (& and *) are not taken;"
         " write it out"),
        ("    title: The", "\ttitle: The", "p.yaml:5: not YAML: while scanning for the next token, found"
         " character '\\t' that cannot start any token (indent with blanks)"),
    ],
)  # fmt: skip
def test_a_mistake_is_told(old: str, new: str, expected: str) -> None:
    assert expected in changed(old, new)


def test_types_are_tried_with_the_phrases_said() -> None:
    text = GOOD.replace("utterance.anger >= 0.5", "phrases.any").replace(
        "negative_run >= 2", "negative_run * 0.5 > 1.0"
    )
    found = problems(text + "    phrases: [refund]\n")
    assert [p.split(": an operation")[0] for p in found] == [
        "p.yaml:7: rule falling: when: does not evaluate"
    ]


def test_all_mistakes_at_once_in_the_order_of_the_lines() -> None:
    text = GOOD.replace("angr", "angr").replace("anger", "angr").replace("say:", "sai:")
    found = problems(text.replace("title: The", "titel: The"))
    assert [p.split(":")[1] for p in found] == ["4", "5", "7", "10", "11"]


def test_an_id_is_used_once() -> None:
    rule = GOOD[GOOD.index("  - id") :]
    assert problems(GOOD + rule) == ["p.yaml:12: rule falling: the id is used already in line 4"]


def test_a_rule_suppresses_lower_ones_only() -> None:
    rule = GOOD[GOOD.index("  - id") :].replace("id: falling", "id: other")
    text = GOOD + rule + "    suppresses: [falling]\n"
    assert problems(text) == [
        "p.yaml:12: rule other: suppresses: falling has priority 50;"
        " a rule suppresses only lower ones than its own 50"
    ]
    assert load_playbook(text + "    priority: 51\n", "p.yaml").rules[1].suppresses == ("falling",)


@pytest.mark.parametrize(
    "text",
    ["", "- a", "text", "a: [", "playbook: x\x00", "a: " + "[" * 40, "x" * 600_000, "---\n---\n"],
)
def test_what_is_no_playbook_is_refused(text: str) -> None:
    assert all(p.startswith("p.yaml:") for p in problems(text))


def test_check_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    good, bad, broken = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "broken.yaml"
    good.write_text(GOOD, "utf-8")
    bad.write_text(GOOD.replace("anger", "angr"), "utf-8")
    broken.write_bytes(b"playbook: \xff")
    assert check(good) == []
    assert check(bad)[0].startswith(f"{bad}:7: ")
    assert check(broken) == [f"{broken}:1: is not UTF-8 text (byte 10)"]
    assert "cannot be read" in check(tmp_path / "missing.yaml")[0]


def test_the_default_playbook_holds() -> None:
    assert default_playbook().name == "default"
