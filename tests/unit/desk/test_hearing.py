"""Words while they are being said: the newest of each side, put together, gone with their final."""

from __future__ import annotations

from live_records import T0, signal
from msgspec.structs import replace

from cxstream.desk import news
from cxstream.desk.floor import Floor
from cxstream.events import ControlKind, Fragment, Role, Speaker, Stage, from_ms

HALF = Fragment(
    conversation_id="call-1",
    fragment_id="f-9",
    text="the bill",
    speaker=Speaker(role=Role.CUSTOMER),
    stage=Stage.PARTIAL,
    revision=1,
    event_time=from_ms(T0 + 15_000),
)


def a_floor() -> Floor:
    floor = Floor()
    news.take(floor, signal(), T0)
    return floor


def heard(floor: Floor, partial: Fragment) -> str | None:
    told = news.overhear(floor, partial, T0)
    return told[1].text if told else None


def test_the_newest_of_a_side_is_shown_once() -> None:
    floor = a_floor()
    assert heard(floor, HALF) == "the bill"
    assert heard(floor, HALF) is None
    assert heard(floor, replace(HALF, revision=3, text="the bill is")) == "the bill is"
    assert heard(floor, replace(HALF, revision=2, text="the pill")) is None
    agent = replace(HALF, fragment_id="f-10", speaker=Speaker(role=Role.AGENT), text="I see")
    assert heard(floor, agent) == "I see"
    assert set(floor.conversations["default", "call-1"].hearing.sides) == {"customer", "agent"}


def test_pieces_that_tell_only_what_is_new_are_put_together() -> None:
    floor = a_floor()
    for part, text in ((400, "is wrong"), (0, "the bill")):
        last = heard(floor, replace(HALF, part=part, revision=part + 1, text=text))
    assert last == "the bill is wrong"


def test_it_goes_with_its_final_and_does_not_come_back() -> None:
    floor = a_floor()
    heard(floor, HALF)
    news.take(floor, signal(2, "the bill is wrong", fragment="f-9"), T0)
    assert not floor.conversations["default", "call-1"].hearing.sides
    assert heard(floor, replace(HALF, revision=9)) is None


def test_a_final_of_another_name_ends_what_was_said_before_it_and_nothing_later() -> None:
    floor = a_floor()
    heard(floor, HALF)
    news.take(floor, signal(2, "the bill is wrong", at_s=14), T0)
    assert floor.conversations["default", "call-1"].hearing.sides, "that is the next utterance"
    news.take(floor, signal(3, "and the next", at_s=15), T0)
    assert not floor.conversations["default", "call-1"].hearing.sides


def test_nobody_hears_notes_silence_and_what_is_over_or_not_known() -> None:
    floor = a_floor()
    assert heard(floor, replace(HALF, text="  ")) is None
    assert heard(floor, replace(HALF, visibility="internal")) is None
    assert heard(floor, replace(HALF, conversation_id="call-2")) is None
    assert heard(floor, replace(HALF, tenant="other")) is None
    news.take(floor, signal(2, None, kind=ControlKind.ENDED, ended=True), T0)
    assert heard(floor, HALF) is None


def test_who_said_it_is_put_right_before_and_after_it_came() -> None:
    floor = a_floor()
    revised = replace(
        signal(2, None, kind=ControlKind.SPEAKER_REVISED), fragment_id="f-1", role=Role.AGENT
    )
    (*_, said) = news.take(floor, revised, T0)
    assert said.kind == "said"
    conversation = floor.conversations["default", "call-1"]
    assert conversation.lines["f-1"].role == Role.AGENT
    news.take(floor, replace(revised, seq=3, fragment_id="f-9"), T0)
    told = news.overhear(floor, HALF, T0)
    assert told is not None and told[1].role == Role.AGENT
    news.take(floor, signal(4, "the bill is wrong", fragment="f-9"), T0)
    assert conversation.lines["f-9"].role == Role.AGENT
