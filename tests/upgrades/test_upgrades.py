"""What an earlier version wrote, this one reads: its state, its records, and the conversation goes on.

Beside this file lies one recording of every released version, made by that version itself: five bundled
conversations, stopped two thirds of the way (tables and topics as they stood), and the transcript records that
were still to come. A release adds its own; none is ever changed.
"""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from record import Loop

from cxstream.context.snapshot import dump, load_conversation, load_customer
from cxstream.engine import codec
from cxstream.errors import NewerRecord
from cxstream.events import Output, Signal, Summary
from cxstream.listen.decode import decode_transcript

RECORDINGS = sorted(Path(__file__).parent.glob("*.json.gz"))
Recording = dict[str, Any]


@pytest.fixture(params=RECORDINGS, ids=lambda path: path.name.removesuffix(".json.gz"))
def recording(request: pytest.FixtureRequest) -> Recording:
    """Everything that one released version left behind."""
    found: Recording = json.loads(gzip.decompress(request.param.read_bytes()))
    return found


def test_records_on_every_topic_are_read(recording: Recording) -> None:
    topics = recording["topics"]
    for value in topics["transcripts"]:
        decode_transcript(value.encode(), key=None, arrival_ms=1_800_000_000_000)
    assert [codec.decode_signal(value.encode()) for value in topics["signals"]]
    for role in ("nudges", "summaries"):
        assert [msgspec.json.decode(value, type=Output) for value in topics[role]]


def test_the_conversation_goes_on(recording: Recording) -> None:
    conversations = {
        key: load_conversation(base64.b64decode(state))
        for key, state in recording["conversations"].items()
    }
    customers = {
        key: load_customer(base64.b64decode(state)) for key, state in recording["customers"].items()
    }
    numbers = {key: state.seq for key, state in conversations.items()}
    assert all(state.arc for state in conversations.values()) and any(numbers.values())
    given = {key: len(state.given) for key, state in customers.items()}
    assert any(given.values()), "what was given before is still known"

    loop = Loop(conversations, customers)
    out = [record for value in recording["rest"] for _, record in loop.play(value.encode())]

    signals = [record for record in out if isinstance(record, Signal)]
    first = {signal.conversation_id: signal.seq for signal in reversed(signals)}
    assert all(first[key] == numbers[key] + 1 for key in first), "numbered on where it stood"
    assert {s.conversation_id for s in out if isinstance(s, Summary)}, "and they come to their end"
    for key, state in conversations.items():
        assert load_conversation(dump(state)) == state, key


def test_what_a_newer_version_wrote_is_refused_with_that_reason(recording: Recording) -> None:
    state = base64.b64decode(next(iter(recording["customers"].values())))
    with pytest.raises(NewerRecord, match="upgrade cxstream first"):
        load_customer(bytes((state[0] + 1,)) + state[1:])
    signal = recording["topics"]["signals"][0].replace("cx.signal.v1", "cx.signal.v2")
    with pytest.raises(NewerRecord):
        codec.decode_signal(signal.encode())
