"""What a glance takes for a partial is one; what is in doubt goes the whole way."""

from __future__ import annotations

import json

import pytest

from cxstream.listen.glance import is_partial

PARTIAL = {"schema": "cx.fragment.v1", "stage": "partial", "text": "I lo", "fragment_id": "1"}


def test_a_partial_is_seen() -> None:
    assert is_partial(json.dumps(PARTIAL).encode())
    assert is_partial(json.dumps(PARTIAL, indent=2).encode())


@pytest.mark.parametrize(
    "record",
    [
        PARTIAL | {"stage": "final"},
        PARTIAL | {"stage": "PARTIAL"},
        PARTIAL | {"stage": None},
        PARTIAL | {"is_final": True},
        PARTIAL | {"schema": "cx.fragment.v2"},
        PARTIAL | {"schema": "cx.control.v1"},
        PARTIAL | {"clears": {"fragment_id": "1", "below": 2}},
        {"text": '"stage":"partial"'},
        ["partial"],
        "partial",
    ],
)
def test_another_record_is_none(record: object) -> None:
    assert not is_partial(json.dumps(record).encode())


@pytest.mark.parametrize("value", [None, b"", b"{", b"\xff", b'{"stage":"partial"', b"[" * 100_000])
def test_what_cannot_be_read_is_none(value: bytes | None) -> None:
    assert not is_partial(value)
