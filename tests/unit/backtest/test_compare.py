"""What changes between two runs: matched by moment, told to people, drawn as a page."""

from __future__ import annotations

import io

from msgspec.structs import replace
from rich.console import Console

from cxstream.backtest.compare import compare
from cxstream.backtest.page import as_page
from cxstream.backtest.words import as_text, summed_up
from cxstream.events import Escalation, Nudge, Output, Role, RuleRef, Signal, Why, from_ms

START_MS = 1_790_000_000_000


def said(seconds: int, text: str, conversation: str = "c-1", customer: str = "anna") -> Signal:
    return Signal(
        id=f"{conversation}@{seconds}",
        kind="utterance",
        conversation_id=conversation,
        channel="chat",
        event_time=from_ms(START_MS + seconds * 1000),
        seq=seconds,
        customer_id=customer,
        role=Role.CUSTOMER,
        text=text,
    )


def nudge(
    seconds: int, rule: str, say: str, *, version: str = "1", conversation: str = "c-1"
) -> Nudge:
    at = from_ms(START_MS + seconds * 1000)
    return Nudge(
        id=f"n-{rule}-{seconds}-{version}",
        conversation_id=conversation,
        agent_id="a-1",
        title="T",
        say=say,
        event_time=at,
        expires_at=at,
        why=Why(RuleRef(rule, "p", version), f"because of {rule}"),
        customer_id="anna",
    )


HEARD: list[Output] = [
    said(1, "hello"),
    said(2, "my bill is <b>wrong</b>"),
    said(3, "I want to leave"),
    said(4, "fine", "c-2", "ben"),
]
ESCALATION = Escalation(
    id="e",
    conversation_id="c-1",
    reason="leaving",
    severity="high",
    summary="",
    event_time=from_ms(START_MS + 3000),
    why=Why(RuleRef("leave", "p", "1"), "they said so"),
)
OLD = [*HEARD, nudge(2, "bill", "look"), nudge(3, "offer", "stay")]
NEW = [
    *HEARD,
    nudge(2, "bill", "look closely", version="2"),
    nudge(3, "offer", "stay", version="2"),
    ESCALATION,
]


def test_another_version_of_the_same_playbook_changes_nothing() -> None:
    new = [replace(r, id=r.id + "x") if isinstance(r, Nudge) else r for r in OLD]
    found = compare(OLD, new, old_name="p 1", new_name="p 2")
    assert found.changes == () and (found.before, found.after) == (2, 2)
    assert "Nothing changes" in summed_up(found)
    assert "No rule decides differently" in as_page(found)


def test_gained_lost_and_changed_each_with_what_was_said_before() -> None:
    found = compare(OLD, NEW, old_name="p 1", new_name="p 2")
    assert [(c.how, c.made.kind, c.made.rule) for c in found.changes] == [
        ("changed", "nudge", "bill"),
        ("gained", "escalation", "leave"),
    ]
    changed = found.changes[0]
    assert changed.instead is not None and changed.instead.what == "T: look"
    assert changed.said[-1] == ("customer", "my bill is <b>wrong</b>")
    back = compare(NEW, OLD, old_name="p 2", new_name="p 1")
    assert [c.how for c in back.changes] == ["changed", "lost"]


def test_whom_it_touches() -> None:
    found = compare(OLD, NEW, old_name="p 1", new_name="p 2")
    assert (found.conversations, found.customers) == (2, 2)
    assert found.touched_conversations == 1
    [bill, leave, offer] = found.rules
    assert (bill.rule, bill.changed, bill.before, bill.after) == ("bill", 1, 1, 1)
    assert (leave.gained, leave.before, leave.after) == (1, 0, 1)
    assert (offer.gained, offer.lost, offer.changed) == (0, 0, 0)


def test_in_the_terminal_examples_are_as_many_as_asked_for() -> None:
    found = compare(OLD, NEW, old_name="p 1", new_name="p 2")
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(as_text(found, 1))
    text = console.export_text()
    assert "2 decisions change in 1 of 2 conversations" in text
    assert "~ nudge: T: look closely" in text and "was: T: look" in text
    assert "and 1 more" in text and "escalation: leaving" not in text


def test_the_page_stands_alone_and_shows_what_was_said_as_text() -> None:
    page = as_page(compare(OLD, NEW, old_name="p 1", new_name="p 2"))
    assert "&lt;b&gt;wrong&lt;/b&gt;" in page and "<b>wrong" not in page
    assert "prefers-color-scheme: dark" in page
    for outside in ("http://", "https://", "<script", "src="):
        assert outside not in page
    assert page.count("<article") == 2
