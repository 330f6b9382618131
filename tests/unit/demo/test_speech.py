"""A written line becomes the partials, finals and corrections that a recogniser would send."""

from __future__ import annotations

import pytest

from cxstream.demo.script import Conversation, Line, Transfer, Updated
from cxstream.demo.speech import Told, seconds, tell
from cxstream.events import Control, Fragment, RoleSource, Stage

START_MS = 1_763_629_200_000


def call(*lines: Line) -> Told:
    return tell(Conversation("c", "voice", lines, agent="a-1"), START_MS, "demo")


def fragments(told: Told) -> list[Fragment]:
    return [a.record for a in told.arrivals if isinstance(a.record, Fragment)]


def line(text: str = "one two three four five six seven eight", **more: object) -> Line:
    return Line(customer=text, at="10", takes=4.0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"), [("12.4", 12.4), ("2:07.5", 127.5), ("1:02:07", 3727.0), ("0", 0.0)]
)
def test_times_are_read_as_people_write_them(text: str, expected: float) -> None:
    assert seconds(text) == expected


def test_partials_grow_to_the_final_on_the_media_clock() -> None:
    *partials, final = fragments(call(line(partials=3)))
    assert [p.text for p in partials] == [
        "one two",
        "one two three four",
        "one two three four five six",
    ]
    assert {p.stage for p in partials} == {Stage.PARTIAL} and final.stage is Stage.FINAL
    assert {f.fragment_id for f in (*partials, final)} == {"c-001"}
    assert [p.end_ms for p in partials] == [11000, 12000, 13000]
    assert [p.revision for p in partials] == [11000, 12000, 13000]
    assert (final.start_ms, final.end_ms, final.revision) == (10000, 14000, 14000)


def test_partials_show_what_was_first_heard() -> None:
    first, final = fragments(call(line("wreck a nice beach", partials=1, heard="recognise speech")))
    assert (first.text, final.text) == ("recognise", "wreck a nice beach")


def test_a_correction_outranks_its_final() -> None:
    final, amended = fragments(call(line("l s six", amended="LS6")))
    assert amended.stage is Stage.AMENDED and amended.text == "LS6"
    assert amended.fragment_id == final.fragment_id and amended.revision > final.revision
    assert amended.event_time is not None and final.event_time is not None
    assert amended.event_time > final.event_time


def test_a_duplicate_is_the_same_record_again() -> None:
    first, second = fragments(call(line(duplicate=True)))
    assert first == second


def test_a_late_line_keeps_its_event_time_and_arrives_later() -> None:
    told = call(line(late=30.0), Line(agent="yes", pause=1.0))
    arrivals = [a for a in told.arrivals if isinstance(a.record, Fragment)]
    assert arrivals[0].at_ms == START_MS + 44_000 and arrivals[1].at_ms < arrivals[0].at_ms
    late = arrivals[0].record
    assert late.event_time is not None and late.ingest_time is not None
    assert (late.ingest_time - late.event_time).total_seconds() == 30
    assert told.moments[0].end_ms == START_MS + 44_000


def test_talking_over_somebody_overlaps_on_the_media_clock() -> None:
    customer, agent = fragments(call(line(), Line(agent="let me stop you there", overlap=1.5)))
    assert customer.end_ms is not None and agent.start_ms is not None
    assert customer.end_ms - agent.start_ms == 1500


def test_a_pause_is_silence_after_the_line_before() -> None:
    customer, agent = fragments(call(line(), Line(agent="sorry", pause=50.0)))
    assert customer.end_ms is not None and agent.start_ms is not None
    assert agent.start_ms - customer.end_ms == 50_000


def test_what_happens_becomes_control_events() -> None:
    told = call(
        Line(hold="music", at="1"),
        Line(resume="", pause=60.0),
        Line(transfer=Transfer("a-2", queue="q"), pause=1.0),
        Line(updated=Updated(customer="c-9"), pause=1.0),
        Line(agent="hello"),
        Line(ended="", pause=1.0),
    )
    controls = [a.record for a in told.arrivals if isinstance(a.record, Control)]
    assert [c.type.value for c in controls] == [
        "conversation.started",
        "hold",
        "resume",
        "transfer",
        "conversation.updated",
        "conversation.ended",
    ]
    assert (controls[3].agent_id, controls[3].queue) == ("a-2", "q")
    assert controls[4].customer_id == "c-9" and controls[5].reason == "completed"
    assert len({c.control_id for c in controls}) == 6
    assert fragments(told)[0].speaker.id == "a-2"


def test_roles_are_known_as_the_channel_knows_them() -> None:
    assert fragments(call(line()))[0].speaker.role_source is RoleSource.CHANNEL_MAP
    mono = Conversation("c", "voice", (line(),), roles="diarization")
    assert fragments(tell(mono, 0, "t"))[0].speaker.role_source is RoleSource.DIARIZATION
    chat = Conversation("c", "chat", (Line(customer="hi"),))
    assert fragments(tell(chat, 0, "t"))[0].speaker.role_source is RoleSource.EXPLICIT


def test_the_same_words_give_the_same_records() -> None:
    assert call(line(partials=3), Line(agent="ok")) == call(line(partials=3), Line(agent="ok"))
