"""Bytes to records: what is taken, what is mended, what is refused, and with which words."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cxstream.errors import NewerRecord, RecordError
from cxstream.events import Clears, Control, ControlKind, Fragment, Role, RoleSource, Stage, to_ms
from cxstream.listen.decode import MAX_BYTES, MAX_TEXT, decode_record, decode_transcript
from cxstream.listen.faults import REASONS

ARRIVAL_MS = 1_795_428_000_000
PLAIN: dict[str, Any] = {
    "schema": "cx.fragment.v1",
    "conversation_id": "twilio:CA77",
    "fragment_id": "CA77:4",
    "text": "I was charged twice for March.",
}
CONTROL: dict[str, Any] = {
    "schema": "cx.control.v1",
    "conversation_id": "twilio:CA77",
    "type": "conversation.started",
}


def record(base: dict[str, Any] = PLAIN, **changes: Any) -> bytes:
    return json.dumps({**base, **changes}).encode()


def without(name: str, base: dict[str, Any] = PLAIN, **changes: Any) -> bytes:
    return json.dumps({k: v for k, v in {**base, **changes}.items() if k != name}).encode()


def fragment(value: bytes) -> Fragment:
    decoded = decode_transcript(value, key=None, arrival_ms=ARRIVAL_MS)
    assert isinstance(decoded, Fragment)
    return decoded


def refusal(value: bytes | None, key: bytes | None = None) -> RecordError:
    with pytest.raises(RecordError) as caught:
        decode_transcript(value, key=key, arrival_ms=ARRIVAL_MS)
    assert caught.value.reason in REASONS
    return caught.value


def test_a_full_fragment_keeps_every_field() -> None:
    value = record(
        revision=3,
        stage="amended",
        speaker={"role": "customer", "role_source": "channel_map", "id": "p1", "label": "inbound"},
        channel="sms",
        event_time="2026-11-23T11:00:00.250+01:00",
        clears={"fragment_id": "CA77:open", "below": 3},
        part=2,
        start_ms=100,
        end_ms=900,
        confidence=0.75,
        customer_id="cust-9",
    )
    decoded = fragment(value)
    assert decoded.stage is Stage.AMENDED and decoded.revision == 3 and decoded.part == 2
    assert decoded.speaker.role is Role.CUSTOMER
    assert decoded.speaker.role_source is RoleSource.CHANNEL_MAP
    assert decoded.clears == Clears("CA77:open", 3)
    assert decoded.event_time is not None
    assert to_ms(decoded.event_time) == 1_795_428_000_250
    assert decoded.ingest_time is None
    assert fragment(msgspec.json.encode(decoded)) == decoded


def test_control_events_come_out_as_controls() -> None:
    decoded = decode_transcript(
        record(CONTROL, labels={"plan": "gold"}), key=b"twilio:CA77", arrival_ms=ARRIVAL_MS
    )
    assert isinstance(decoded, Control)
    assert decoded.type is ControlKind.STARTED and decoded.labels == {"plan": "gold"}


def test_a_record_without_any_time_is_stamped_with_its_arrival() -> None:
    decoded = fragment(record())
    assert decoded.event_time is None and decoded.ingest_time is not None
    assert to_ms(decoded.ingest_time) == ARRIVAL_MS
    timed = fragment(record(event_time="2026-11-23T10:00:00Z"))
    assert timed.ingest_time is None


@pytest.mark.parametrize("value", [None, b"", b"  \n\t "])
def test_no_value_is_empty(value: bytes | None) -> None:
    assert refusal(value).reason == "empty"


@pytest.mark.parametrize(
    "value",
    [
        b"{oops",
        b'{"schema": "cx.fragment.v1"',
        b"hello",
        record() + b"x",
        b'{"text": NaN}',
        record().replace(b"charged", b"char\x01ged"),
        b"'single'",
    ],
)
def test_what_is_not_json_is_said_to_be_so(value: bytes) -> None:
    assert refusal(value).reason == "not_json"


@pytest.mark.parametrize("bad", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"caf\xe9"])
def test_what_is_not_utf8_is_said_to_be_so_with_the_byte(bad: bytes) -> None:
    value = record().replace(b"March", bad)
    error = refusal(value)
    assert error.reason == "not_utf8"
    assert str(value.index(bad) + len(bad.rstrip(b"\xe9\xff\xed\xa0\x80\xc0"))) in error.mend


@pytest.mark.parametrize(
    ("value", "reason", "field", "mend"),
    [
        (b"[1]", "wrong_type", "$", "send a record as an object; got a list"),
        (b"null", "wrong_type", "$", "send a record as an object; got null"),
        (record(text=5), "wrong_type", "$.text", "send `text` as a string; got a number"),
        (record(text=["a"]), "wrong_type", "$.text", "got a list"),
        (record(revision="3"), "wrong_type", "$.revision", "as a whole number; got a string"),
        (record(revision=1.5), "wrong_type", "$.revision", "got a number with a fraction"),
        (record(revision=True), "wrong_type", "$.revision", "got true or false"),
        (record(revision=-1), "bad_value", "$.revision", "from 0"),
        (record(revision=10**30), "bad_value", "$.revision", "from 0"),
        (record(start_ms=10**40), "bad_value", "$.start_ms", "from -"),
        (record(part=-1), "bad_value", "$.part", "from 0"),
        (record(clears={"fragment_id": "o", "below": -2}), "bad_value", "$.clears.below", "from 0"),
        (record(clears={"fragment_id": "o"}), "missing_field", "$.clears.below", "add `below`"),
        (record(confidence=2), "bad_value", "$.confidence", "at most 1"),
        (record(speaker="customer"), "wrong_type", "$.speaker", "as an object; got a string"),
        (record(speaker={"role": 7}), "wrong_type", "$.speaker.role", "as a string; got a number"),
        (record(stage="done"), "bad_value", "$.stage", "partial, final, amended"),
        (record(visibility="secret"), "bad_value", "$.visibility", "public, internal"),
        (record(is_final="yes"), "wrong_type", "$.is_final", "true or false"),
        (record(CONTROL, type="hung_up"), "bad_value", "$.type", "conversation.ended"),
        (record(CONTROL, labels={"a": 1}), "wrong_type", "$.labels[...]", "every value in"),
        (record(conversation_id=""), "bad_value", "$.conversation_id", "not empty"),
        (record(conversation_id="x" * 513), "bad_value", "$.conversation_id", "at most 512"),
        (record(conversation_id="a\nb"), "bad_value", "$.conversation_id", "control characters"),
        (record(fragment_id="a\x00b"), "bad_value", "$.fragment_id", "control characters"),
        (record(customer_id="c\u200b1"), "bad_value", "$.customer_id", "control characters"),
        (without("conversation_id"), "missing_field", "$.conversation_id", "the same on all"),
        (without("fragment_id"), "missing_field", "$.fragment_id", "every revision"),
        (without("text"), "missing_field", "$.text", "empty string"),
        (without("schema", CONTROL), "missing_field", "$.schema", "cx.control.v1"),
        (without("type", CONTROL), "missing_field", "$.type", "conversation.started"),
        (record(schema="cx.signal.v1"), "unknown_schema", "$.schema", "cx.fragment.v1"),
        (record(schema="cx.fragment.v0"), "unknown_schema", "$.schema", "cx.fragment.v1"),
        (record(schema=1), "wrong_type", "$.schema", "as a string"),
    ],
)
def test_a_refusal_names_the_field_and_how_to_mend_it(
    value: bytes, reason: str, field: str, mend: str
) -> None:
    error = refusal(value)
    assert (error.reason, error.field) == (reason, field)
    assert mend in error.mend


def test_huge_numbers_are_refused_by_name() -> None:
    value = record(revision=0).replace(b'"revision": 0', b'"revision": ' + b"9" * 5_000)
    error = refusal(value)
    assert (error.reason, error.field) == ("bad_value", "$.revision")
    infinite = record(confidence=0).replace(b'"confidence": 0', b'"confidence": 1e999')
    assert refusal(infinite).field == "$.confidence"


@pytest.mark.parametrize("name", ["event_time", "ingest_time", "clock_origin"])
@pytest.mark.parametrize(
    "bad", ["2026-11-23T10:00:00", "yesterday", "23/11/2026 10:00", 1_795_428_000_000, "", 1.5]
)
def test_times_need_a_zone(name: str, bad: Any) -> None:
    error = refusal(record(**{name: bad}))
    assert (error.reason, error.field) == ("bad_time", f"$.{name}")
    assert "2026-11-23T10:00:00Z" in error.mend


@pytest.mark.parametrize("schema", ["cx.fragment.v2", "cx.control.v12"])
def test_a_later_version_is_told_from_an_unknown_record(schema: str) -> None:
    error = refusal(record(schema=schema))
    assert isinstance(error, NewerRecord) and error.reason == "newer_schema"


def test_the_key_must_be_the_conversation() -> None:
    assert refusal(record(), key=b"CA77").reason == "key_mismatch"
    assert refusal(record(), key=b"").reason == "key_mismatch"
    assert decode_transcript(record(), key=b"twilio:CA77", arrival_ms=0)
    assert decode_transcript(
        record(conversation_id="très"), key="très".encode(), arrival_ms=ARRIVAL_MS
    )


def test_a_megabyte_of_text_is_too_large() -> None:
    assert refusal(record(text="word " * 200_000)).reason == "too_large"
    error = refusal(record(text="a" * (MAX_TEXT + 1)))
    assert (error.reason, error.field) == ("too_large", "$.text") and "split" in error.mend
    assert len(fragment(record(text="a" * MAX_TEXT)).text) == MAX_TEXT
    assert fragment(record(text="\U0001f600" * MAX_TEXT)).text == "\U0001f600" * MAX_TEXT
    assert refusal(b" " * MAX_BYTES + record()).reason == "too_large"


@pytest.mark.parametrize("opening", [b'{"x":', b"["])
def test_nesting_bombs_are_refused(opening: bytes) -> None:
    assert refusal(opening * 60_000).reason == "too_deep"


def test_control_characters_leave_the_text_and_line_ends_become_one() -> None:
    decoded = fragment(record(text="a\x00b\x07c\x1b[31m\td\r\ne\rf\u2028g\u202e\ufeffh\x85i\x7f"))
    assert decoded.text == "abc[31m\td\ne\nf\ngh\ni"


def test_lone_surrogates_become_the_replacement_character_and_whole_ones_stay() -> None:
    text = r'"text": "a\ud800b \udc00 \ud83d\ude00 \ud83d\ud83d\ude00 \\ud800 \\\udfff"'
    value = without("text")[:-1] + b", " + text.encode() + b"}"
    assert fragment(value).text == "a\ufffdb \ufffd \U0001f600 \ufffd\U0001f600 \\ud800 \\\ufffd"


def test_lone_surrogates_anywhere_else_do_no_harm() -> None:
    value = record(speaker={"role": "agent", "label": "A?"}, junk={"k?": "?"}).replace(
        b"?", rb"\udead"
    )
    assert fragment(value).speaker.label == "A\ufffd"


def test_the_last_of_duplicate_keys_counts_as_in_every_json_parser() -> None:
    value = record()[:-1] + b', "text": "second"}'
    assert fragment(value).text == "second"


def test_unknown_fields_are_left_alone() -> None:
    assert fragment(record(vendor_extra={"a": [1, None]})) == fragment(record())


def test_a_byte_order_mark_does_no_harm() -> None:
    assert fragment(b"\xef\xbb\xbf" + record()) == fragment(record())


@pytest.mark.parametrize("said", ["CALLER", "EXTERNAL", "caller ", "ch_0", ""])
def test_an_unknown_role_is_kept_as_a_label_and_nothing_is_lost(said: str) -> None:
    decoded = fragment(record(speaker={"role": said, "role_source": "explicit", "id": "p2"}))
    assert decoded.text == PLAIN["text"]
    assert decoded.speaker.role is Role.UNKNOWN
    assert decoded.speaker.role_source is RoleSource.UNKNOWN
    assert (decoded.speaker.id, decoded.speaker.label) == ("p2", said)


def test_an_unknown_role_does_not_overwrite_a_label() -> None:
    assert fragment(record(speaker={"role": "X", "label": "Line 2"})).speaker.label == "Line 2"


def test_our_own_words_are_read_in_any_case() -> None:
    decoded = fragment(record(speaker={"role": "AGENT"}, stage="Partial", channel=" VOICE "))
    assert decoded.speaker.role is Role.AGENT
    assert decoded.speaker.role_source is RoleSource.EXPLICIT
    assert decoded.stage is Stage.PARTIAL
    assert decoded.channel == "voice"


def test_a_guess_of_an_unknown_kind_is_a_guess() -> None:
    decoded = fragment(record(speaker={"role": "customer", "role_source": "voodoo"}))
    assert decoded.speaker.role is Role.CUSTOMER
    assert decoded.speaker.role_source is RoleSource.UNKNOWN


@pytest.mark.parametrize("value", [without("speaker"), record(speaker=None), record(speaker={})])
def test_without_a_speaker_the_role_is_unknown(value: bytes) -> None:
    assert fragment(value).speaker.role is Role.UNKNOWN


def test_without_a_schema_a_fragment_is_known_by_its_fields() -> None:
    assert fragment(without("schema")) == fragment(record())


@pytest.mark.parametrize(
    ("is_final", "stage"), [(True, Stage.FINAL), (False, Stage.PARTIAL), (None, Stage.FINAL)]
)
def test_is_final_stands_for_a_missing_stage(is_final: bool | None, stage: Stage) -> None:
    assert fragment(record(is_final=is_final)).stage is stage


def test_stage_wins_over_is_final() -> None:
    assert fragment(record(is_final=False, stage="amended")).stage is Stage.AMENDED


def test_a_whole_number_may_have_a_fraction_of_nothing() -> None:
    mended = fragment(
        record(revision=1500.0, start_ms=-3.0, clears={"fragment_id": "o", "below": 2.0})
    )
    assert (mended.revision, mended.start_ms) == (1500, -3)
    assert mended.clears is not None and mended.clears.below == 2
    assert type(mended.revision) is int


def test_null_counts_as_absent_where_there_is_a_default() -> None:
    value = record(revision=None, stage=None, tenant=None, source=None, labels=None, channel=None)
    assert fragment(value) == fragment(record())


def test_an_empty_text_is_a_fragment() -> None:
    assert fragment(record(text="")).text == ""


@pytest.mark.parametrize(
    "value",
    [
        record(text=7, speaker={"role": "4111111111111111"}),
        record(stage="4111111111111111"),
        record(event_time="4111111111111111"),
        record(schema="4111111111111111"),
        b"4111111111111111 {",
        b'{"4111111111111111"',
        record(is_final="4111111111111111"),
        record(CONTROL, labels={"4111111111111111": 4111111111111111}),
    ],
)
def test_no_refusal_repeats_what_was_sent(value: bytes) -> None:
    error = refusal(value)
    assert "4111" not in str(error) + error.field + error.mend + repr(error.__cause__)


def check_any(value: bytes) -> None:
    """Either a record that can be written and read again, or a reason out of the vocabulary."""
    try:
        decoded = decode_record(value)
    except RecordError as error:
        assert error.reason in REASONS and error.field.startswith("$") and error.mend
    else:
        assert decode_record(msgspec.json.encode(decoded)) == decoded
        decode_transcript(value, key=decoded.conversation_id.encode(), arrival_ms=-1)


@given(st.binary(max_size=200))
@example(b'{"schema":"cx.fragment.v1","x":1' + b"0" * 400 + b"}")
def test_any_bytes_are_a_record_or_a_refusal(value: bytes) -> None:
    check_any(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
TIMES = st.datetimes(timezones=st.timezones() | st.none()).map(lambda when: when.isoformat())
ROLES = st.sampled_from(["customer", "AGENT", "caller", "", "\x00", "bot"])
VALUES: dict[str, st.SearchStrategy[object]] = {
    "schema": st.sampled_from(["cx.fragment.v1", "cx.control.v1", "cx.fragment.v2", None]),
    "type": st.sampled_from([kind.value for kind in ControlKind]),
    "conversation_id": st.text(min_size=1, max_size=9),
    "fragment_id": st.text(min_size=1, max_size=9),
    "text": st.text(st.characters(), max_size=60),
    "revision": st.integers(),
    "stage": st.sampled_from(["partial", "FINAL", "amended", "x"]),
    "is_final": st.booleans() | st.none(),
    "speaker": st.fixed_dictionaries({}, optional={"role": ROLES | JSON, "role_source": ROLES}),
    "channel": st.text(max_size=9),
    "event_time": TIMES,
    "ingest_time": TIMES,
    "clock_origin": TIMES,
    "end_ms": st.integers(),
    "confidence": st.floats(),
    "labels": st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=3),
    "clears": st.fixed_dictionaries({"fragment_id": st.text(max_size=3), "below": st.integers()}),
}
IDS = {"conversation_id", "fragment_id", "text"}
NEARLY = st.fixed_dictionaries(
    {
        "conversation_id": VALUES["conversation_id"],
        "fragment_id": VALUES["fragment_id"],
        "text": VALUES["text"],
    },
    optional={name: VALUES[name] for name in VALUES.keys() - IDS},
)


@settings(max_examples=300)
@given(NEARLY, st.dictionaries(st.sampled_from(sorted(VALUES)), JSON, max_size=1))
def test_anything_like_a_record_is_one_or_is_refused(
    nearly: dict[str, object], wrong: dict[str, object]
) -> None:
    check_any(json.dumps({**nearly, **wrong}).encode("utf-8", "surrogatepass"))
