"""A conversation as people see it: the same from any order and any number of deliveries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from live_records import T0, signal
from msgspec.structs import replace

from cxstream.desk.conversations import LINES_KEPT, LINES_KEPT_ENDED, LiveConversation
from cxstream.events import ControlKind, Role, Signal, Stage

STREAM = [
    signal(1, "good morning", role=Role.AGENT),
    signal(2, "what is this charge", valence=-0.3),
    signal(3, None, kind=ControlKind.HOLD, on_hold=True),
    signal(4, None, kind=ControlKind.RESUME, on_hold=False),
    signal(
        5,
        "what is this charge?",
        fragment="f-2",
        revision=1,
        stage=Stage.AMENDED,
        at_s=20,
        valence=-0.4,
    ),
    signal(6, "that is not mine", valence=-0.7, risk=0.6),
]


def seen(stream: list[Signal]) -> LiveConversation:
    """The conversation after these signals."""
    conversation = LiveConversation("call-1")
    for record in stream:
        conversation.take(record, T0)
    return conversation


def picture(c: LiveConversation) -> object:
    """All that people see of it."""
    lines = [(line.at_ms, line.fragment_id, line.text, line.valence) for line in c.ordered()]
    return lines, c.state, c.agent_id, c.number("risk"), c.tones(), c.last_ms, c.seq


@given(order=st.permutations(STREAM), again=st.lists(st.sampled_from(STREAM), max_size=6))
def test_order_and_redelivery_do_not_matter(order: list[Signal], again: list[Signal]) -> None:
    assert picture(seen([*order, *again])) == picture(seen(STREAM))


def test_an_amended_line_takes_the_place_of_the_earlier_one() -> None:
    texts = [line.text for line in seen(STREAM).ordered() if line.kind == "said"]
    assert texts == ["good morning", "what is this charge?", "that is not mine"]


def test_it_is_bounded() -> None:
    many = [signal(n, f"line {n}") for n in range(1, 3 * LINES_KEPT)]
    conversation = seen(many)
    assert len(conversation.lines) == LINES_KEPT
    assert conversation.ordered()[-1].text == many[-1].text
    conversation.take(signal(999, None, kind=ControlKind.ENDED, ended=True), T0)
    assert conversation.state == "ended"
    assert len(conversation.lines) <= LINES_KEPT_ENDED + 1


def test_of_what_agents_usually_do_next_only_what_is_likely_and_says_something_is_shown() -> None:
    usual = (("free_text", 0.3), ("ask_name", 0.28), ("goodbye_1", 0.13))
    last = replace(signal(1, "my card is gone"), next_actions=usual)
    assert seen([last]).next_actions == (("ask_name", 0.28),)


def test_a_deleted_line_does_not_come_back() -> None:
    conversation = seen(STREAM)
    assert conversation.remove("f-6")
    conversation.take(STREAM[-1], T0)
    assert "f-6" not in conversation.lines


def test_its_time_goes_on_while_nobody_speaks() -> None:
    conversation = seen(STREAM)
    assert conversation.now_ms(T0 + 5_000) == conversation.last_ms + 5_000
    assert conversation.now_ms(T0 - 5_000) == conversation.last_ms
