"""A story is read, or refused with the file, the line and the field at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxstream.demo.story import StoryError, load_story
from cxstream.events import Control, Fragment, Stage, from_ms

GOOD = """\
title: A question
shows: nothing much
start: 2026-11-20T09:00:00Z
conversations:
  - id: chat-1
    channel: chat
    customer: c-1
    agent: a-1
    lines:
      - customer: no
        at: 5
        label: asks
      - agent: 0042
        pause: 2.5
      - ended: completed
expect:
  - nudge: billing_explain
    after: asks
never: [danger_to_life]
"""


def refusal(old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(StoryError) as caught:
        load_story(GOOD.replace(old, new, 1))
    return str(caught.value)


def test_plain_values_stay_what_was_said() -> None:
    texts = [r.text for r in load_story(GOOD).records() if isinstance(r, Fragment)]
    assert texts == ["no", "0042"]


def test_a_file_gives_its_name_to_the_story(tmp_path: Path) -> None:
    path = tmp_path / "99-question.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_story(path).name == "99-question"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoryError, match=r"gone\.yaml:1 cannot be read"):
        load_story(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("channel: chat", "channel: fax", "story:6 conversations[0].channel: Invalid enum value"),
        ("at: 5", "at: noon", "story:11 conversations[0].lines[0].at: expected seconds"),
        ("at: 5", "at: -5", "story:11 conversations[0].lines[0].at: expected seconds"),
        ("at: 5", "att: 5", "story:11 conversations[0].lines[0].att: Object contains unknown"),
        ("customer: no", "customr: no", "conversations[0].lines[0].customr: Object contains"),
        ("label: asks", "label: other", "story:18 expect[0].after: no line has this label: 'asks'"),
        ("label: asks", "overlap: 1", "story:12 conversations[0].lines[0].overlap: contradicts"),
        ("label: asks", "partials: 2", "lines[0].partials: only a voice line has it"),
        (
            "agent: 0042",
            "pause: 1",
            "story:14 conversations[0].lines[1]: 'pause' stands here twice",
        ),
        ("pause: 2.5", "bot: hi", "lines[1]: a line names exactly one of customer, agent"),
        ("title: A question\n", "", "title: Object missing required field `title`"),
        ("title: A question", "title: ''", "story:1 title: Expected `str` of length >= 1"),
        ("09:00:00Z", "09:00:00", "story:3 start: needs a time zone"),
        ("customer: c-1", "starts: never", "conversations[0].starts: expected seconds, minutes"),
        (
            "nudge: billing_explain",
            "nudge: a\n    action: b",
            "story:17 expect[0]: expected exactly",
        ),
        ("nudge: billing_explain", "summary: chat-2", "expect[0].summary: no conversation has"),
        ("[danger_to_life]", "[{rule: x, before: y}]", "story:19 never[0].before: no line has"),
        ("customer: no", "customer: well: no", "story:10 not YAML"),
    ],
)
def test_every_fault_is_named_where_it_stands(old: str, new: str, message: str) -> None:
    assert message in refusal(old, new)


def test_two_lines_cannot_have_one_label() -> None:
    message = refusal("pause: 2.5", "label: asks")
    assert message.startswith("story:14 conversations[0].lines[1].label: 'asks' already names")


def test_a_story_of_brackets_without_end_is_told_at_once() -> None:
    with pytest.raises(StoryError, match="story:2 nested deeper than 20"):
        load_story("title: x\nlines: " + "[" * 100_000)


def test_nothing_is_no_story() -> None:
    with pytest.raises(StoryError, match="empty"):
        load_story("")


def test_conversations_come_in_order_of_arrival() -> None:
    second = GOOD.split("conversations:\n")[1].split("expect:")[0]
    second = second.replace("chat-1", "chat-2").replace("label: asks", "label: asks2")
    second = second.replace("customer: c-1", "starts: 6")
    story = load_story(GOOD.replace("expect:", second + "expect:"))
    ids = [r.conversation_id for r in story.records()]
    assert ids[:3] == ["demo:chat-1", "demo:chat-1", "demo:chat-2"]
    assert [a.at_ms for a in story.arrivals] == sorted(a.at_ms for a in story.arrivals)


def test_a_conversation_may_start_on_another_day() -> None:
    story = load_story(GOOD.replace("customer: c-1", "starts: 2026-11-21T10:00:00Z"))
    assert story.arrivals[0].at_ms == story.moments["asks"].start_ms - 5000
    assert from_ms(story.arrivals[0].at_ms).isoformat() == "2026-11-21T10:00:00+00:00"


def test_a_typed_story_on_the_wire() -> None:
    started, asked, answered, ended = load_story(GOOD).records()
    assert isinstance(started, Control) and started.type == "conversation.started"
    assert (started.customer_id, started.agent_id, started.channel) == ("c-1", "a-1", "chat")
    assert isinstance(asked, Fragment) and asked.stage is Stage.FINAL
    assert asked.fragment_id == "chat-1-001" and asked.start_ms is None
    assert isinstance(answered, Fragment) and answered.speaker.id == "a-1"
    assert answered.event_time is not None and asked.event_time is not None
    assert (answered.event_time - asked.event_time).total_seconds() == 2.5
    assert isinstance(ended, Control) and ended.reason == "completed"
