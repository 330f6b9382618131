"""A dead letter tells what came, but for personal data."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxstream.listen.redact import PatternRedactor
from cxstream.listen.unread import without_personal_data

REDACTOR = PatternRedactor()
CARD = "4111 1111 1111 1111"


def cleaned(value: bytes) -> bytes:
    return without_personal_data(value, REDACTOR)


def test_a_record_keeps_its_shape_and_its_ids() -> None:
    record = {
        "schema": "cx.fragment.v9",
        "conversation_id": "acme:123456789012",
        "event_time": "2026-11-23T10:00:04.200Z",
        "revision": 1234567890123,
        "text": f"it is {CARD}",
        "note": {"card": 4111111111111111, "lines": ["ok", "mail jo@example.org"]},
    }
    assert json.loads(cleaned(json.dumps(record).encode())) == record | {
        "text": "it is [CARD]",
        "note": {"card": "[NUMBER]", "lines": ["ok", "mail [EMAIL]"]},
    }


@pytest.mark.parametrize(
    "value",
    [
        f'{{"text": "{CARD}"'.encode(),
        f"my card: {CARD}".encode(),
        b"\xff\xfe my card is 4111 1111 1111 1111",
        json.dumps([[CARD]]).encode(),
        json.dumps(CARD).encode(),
    ],
    ids=["cut off", "text", "bad utf-8", "list", "string"],
)
def test_what_is_no_record_is_cleaned_too(value: bytes) -> None:
    assert CARD.encode() not in cleaned(value)
    assert b"[CARD]" in cleaned(value)


@given(st.binary(max_size=200))
def test_anything_can_be_cleaned_and_twice_is_once(value: bytes) -> None:
    once = cleaned(value)
    assert cleaned(once) == once


def test_what_holds_nothing_personal_stays_to_the_byte() -> None:
    value = b'{"schema":"cx.fragment.v1",  "text": "where is order 4567?"}'
    assert cleaned(value) == value
    assert cleaned(b"\xff\x00\xfe") == b"\xff\x00\xfe"
