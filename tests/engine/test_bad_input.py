"""Bad input is an answer, not a crash: nothing stops the stream, nothing is lost without a trace."""

from __future__ import annotations

import msgspec
from brokers import Broker
from support import BASE_MS, control, only, run_records, said

from cxstream.engine.feed import Record
from cxstream.events import ControlKind, DeadLetter, Signal, Summary, from_ms, to_ms
from cxstream.listen.decode import decode_record

BAD: dict[str, bytes] = {
    "not json": b"hello, I am not JSON",
    "not utf-8": b'{"schema":"cx.fragment.v1","text":"\xff\xfe"}',
    "empty": b"",
    "wrong type": b'{"schema":"cx.fragment.v1","conversation_id":"c","fragment_id":"f","text":7}',
    "missing ids": b'{"schema":"cx.fragment.v1","text":"hi"}',
    "unknown schema": b'{"schema":"cx.nonsense.v1"}',
    "newer schema": b'{"schema":"cx.fragment.v2","conversation_id":"c"}',
    "naive time": b'{"schema":"cx.fragment.v1","conversation_id":"c","fragment_id":"f","text":"x",'
    b'"event_time":"2026-11-23T10:00:00"}',
    "a megabyte of text": b'{"schema":"cx.fragment.v1","conversation_id":"c","fragment_id":"f","text":"'
    + b"blah " * 180_000
    + b'"}',
}


def test_what_cannot_be_read_goes_whole_to_the_dead_letters(
    broker: Broker, topic_prefix: str
) -> None:
    before = said("good", 0, "Where is my parcel?")
    after = said("good", 1, "It should have come on Monday")
    out = run_records(broker, topic_prefix, [before, *BAD.values(), after])

    letters = only(DeadLetter, out)
    assert sorted(bad.decode("utf-8", "replace") for bad in BAD.values()) == sorted(
        _value(letter).decode("utf-8", "replace") for letter in letters
    ), "each is there, whole"
    assert all(letter.reason and letter.field and letter.mend for letter in letters)
    assert all(letter.topic.endswith("transcripts") for letter in letters)
    assert [s.text for s in only(Signal, out)] == [before.text, after.text], "the stream went on"


def _value(letter: DeadLetter) -> bytes:
    import base64

    if letter.encoding == "base64":
        return base64.b64decode(letter.value)
    return letter.value.encode()


def test_odd_text_and_odd_times_are_taken(embedded_broker: Broker, topic_prefix: str) -> None:
    arrival = said("odd", 0, "Hello")
    odd: list[Record] = [
        arrival,
        said("odd", 1, "nul \x00 bell \x07 and \u200b nothing"),
        decode_record(
            b'{"schema":"cx.fragment.v1","conversation_id":"odd","fragment_id":"s",'
            b'"text":"lone \\ud800 half","speaker":{"role":"CALLER"},'
            b'"event_time":"2025-11-24T16:00:30Z"}'
        ),
    ]
    signals = only(Signal, run_records(embedded_broker, topic_prefix, odd))
    assert len(signals) == 3
    for signal in signals:
        assert signal.text is not None
        signal.text.encode()
        assert "\x00" not in signal.text


def test_a_clock_of_1970_or_of_tomorrow_is_corrected(
    embedded_broker: Broker, topic_prefix: str
) -> None:
    unset = msgspec.structs.replace(said("clock", 0, "Hello there"), event_time=from_ms(0))
    signals = only(Signal, run_records(embedded_broker, topic_prefix, [unset]))
    assert len(signals) == 1
    assert to_ms(signals[0].event_time) > BASE_MS, "the time of arrival stands in"


def test_an_end_without_a_start_still_gives_a_summary(
    embedded_broker: Broker, topic_prefix: str
) -> None:
    out = run_records(embedded_broker, topic_prefix, [control("lonely", ControlKind.ENDED, 5)])
    assert [s.conversation_id for s in only(Summary, out)] == ["lonely"]


def test_a_hundred_thousand_fragments_in_one_conversation_do_not_grow_its_state() -> None:
    """The engine adds nothing that grows with a conversation: see tests/properties/test_conversation.py."""
    from cxstream.context.arc import Arc
    from cxstream.context.conversation import Conversation
    from cxstream.context.entry import utterance_entry
    from cxstream.context.snapshot import dump
    from cxstream.understand.trajectory import RuleTrajectory

    state, foresight = Conversation(id="endless"), RuleTrajectory()
    sizes = []
    for number in range(100_000):
        entry = utterance_entry(said("endless", number, "and another thing"), number * 100, None)
        state.take(entry, foresight)
        if number in (2_000, 99_999):
            sizes.append(len(dump(state)))
    assert sizes[1] < sizes[0] * 1.1
    assert sizes[1] < 32_000
    assert isinstance(state.arc, Arc)
    assert state.arc.customer_turns == 100_000
