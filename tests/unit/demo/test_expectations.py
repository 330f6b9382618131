"""What came out is compared with what had to come out, and every miss is said in plain words."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace

from cxstream.demo.story import Story, check, load_story
from cxstream.events import (
    Action,
    Escalation,
    Evidence,
    Nudge,
    Output,
    RuleRef,
    Summary,
    Why,
    from_ms,
)

HEAD = """\
title: t
shows: s
start: 2026-11-20T09:00:00Z
conversations:
  - id: one
    channel: chat
    lines:
      - {customer: first, at: 10, label: first}
      - {customer: second, at: 20, label: second}
      - {customer: third, at: 30, label: third}
  - id: two
    channel: chat
    lines:
      - {customer: elsewhere, at: 15, label: elsewhere}
"""


def story(tail: str) -> Story:
    return load_story(HEAD + tail)


def at(s: float) -> datetime:
    return from_ms(load_story(HEAD).arrivals[0].at_ms + round(s * 1000))


def why(rule: str) -> Why:
    return Why(RuleRef(rule, "default", "1"), "b", evidence=(Evidence("f", 0, 5, "words"),))


def nudge(rule: str, s: float, conversation: str = "demo:one") -> Nudge:
    return Nudge(f"n{s}", conversation, "a-1", "t", "s", at(s), at(s + 60), why(rule))


def action(rule: str, s: float, *, approval: bool = True) -> Action:
    when = at(s)
    return Action("a", "demo:one", "block_card", when, when, why(rule), needs_approval=approval)


def escalation(rule: str, s: float) -> Escalation:
    return Escalation("e", "demo:one", "r", "high", "s", at(s), why(rule), customer_id="c-1")


def summary(*intents: str) -> Summary:
    when = at(60)
    ends = ("completed", "resolved", "chat")
    return Summary("s", "demo:one", when, at(0), when, *ends, intents, (), {}, "text")


NUDGE = "expect: [{nudge: r, after: second, by: second}]"


@pytest.mark.parametrize(
    ("outputs", "miss"),
    [
        ([nudge("r", 20)], None),
        ([], "missing: nudge r at or after 'second', by 'second'"),
        ([nudge("other", 20)], "missing: nudge r"),
        ([escalation("r", 20)], "missing: nudge r"),
        ([nudge("r", 10)], "it came too early, by 10.0 s"),
        ([nudge("r", 30)], "it came too late, by 10.0 s"),
        ([nudge("r", 20, "demo:two")], "it came in demo:two"),
        ([nudge("r", 10), nudge("r", 20)], None),
        ([replace(nudge("r", 20), status="withdrawn")], "missing: nudge r"),
    ],
)
def test_a_nudge_must_come_at_its_line(outputs: list[Output], miss: str | None) -> None:
    misses = check(story(NUDGE), outputs)
    assert misses == [] if miss is None else miss in misses[0]


@pytest.mark.parametrize(
    ("tail", "outputs", "miss"),
    [
        ("{action: r, does: block_card, approval: true}", [action("r", 10)], None),
        (
            "{action: r, approval: true}",
            [action("r", 10, approval=False)],
            "it came, but needs_approval was False instead of True",
        ),
        ("{action: r, does: unblock}", [action("r", 10)], "the action was block_card instead"),
        ("{escalation: r, severity: high}", [escalation("r", 10)], None),
        ("{escalation: r, severity: low}", [escalation("r", 10)], "severity was high instead"),
        ("{escalation: r, customer: c-2}", [escalation("r", 10)], "customer was c-1 instead"),
        ("{nudge: r, agent: a-2}", [nudge("r", 10)], "agent was a-1 instead of a-2"),
        ("{nudge: r, conversation: two}", [nudge("r", 10)], "came in demo:one"),
        ("{summary: one, intents: [x]}", [summary("y", "x")], None),
        ("{summary: one, intents: [x]}", [summary("y")], "but without the intent x"),
        ("{summary: two}", [summary("y")], "missing: summary two"),
    ],
)
def test_the_other_fields_must_hold_too(tail: str, outputs: list[Output], miss: str | None) -> None:
    misses = check(story(f"expect: [{tail}]"), outputs)
    assert misses == [] if miss is None else miss in misses[0]


@pytest.mark.parametrize(
    ("tail", "outputs", "miss"),
    [
        ("[r]", [], None),
        ("[r]", [nudge("other", 10)], None),
        ("[r]", [escalation("r", 10)], "unwanted: never r; an escalation came at"),
        ("[{rule: r, before: second}]", [nudge("r", 20)], None),
        ("[{rule: r, before: second}]", [nudge("r", 10)], "never r before 'second'"),
        ("[{rule: r, after: second}]", [nudge("r", 10)], None),
        ("[{rule: r, after: second}]", [nudge("r", 20)], "never r at or after 'second'"),
        ("[{rule: r, after: second}]", [nudge("r", 20, "demo:two")], None),
        ("[{rule: r, conversation: two}]", [nudge("r", 20)], None),
        ("[{rule: r, conversation: two, why: w}]", [nudge("r", 20, "demo:two")], "never r (w)"),
    ],
)
def test_what_must_never_come(tail: str, outputs: list[Output], miss: str | None) -> None:
    misses = check(story(f"never: {tail}"), outputs)
    assert misses == [] if miss is None else miss in misses[0]


def test_a_nudge_too_many_is_a_miss() -> None:
    one = story("at_most: {nudge: 1, action: 0}")
    assert check(one, [nudge("r", 10)]) == []
    misses = check(one, [nudge("r", 10), nudge("q", 20)])
    assert misses == ["too many: at most 1 nudge in the story; there were 2: r, q"]


def test_what_is_nice_to_have_is_missed_only_on_request() -> None:
    nice = story("expect: [{nudge: r, nice: true}]")
    assert check(nice, []) == []
    assert check(nice, [], nice=True) == ["missing: nudge r"]


def test_other_conversations_do_not_count() -> None:
    foreign = nudge("r", 20, "demo:three")
    assert check(story("never: [r]\nat_most: {nudge: 0}"), [foreign]) == []
