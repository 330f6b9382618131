"""What vendors send beside words is answered, never with a 500; what they leave empty is not there."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from also_sent import ALSO_SENT, TURN
from samples import SAMPLES, js
from test_connectors import Vendor

from cxstream.connectors import registry
from cxstream.connectors.session import Session
from cxstream.desk.connect import _payload
from cxstream.desk.endpoints import Endpoints
from cxstream.errors import RecordError
from cxstream.events import Control, ControlKind, Fragment, Role, Stage, Transcript


def kind_of(record: Transcript) -> str:
    """What came out, in a word."""
    if isinstance(record, Control):
        return record.type.value.removeprefix("conversation.")
    return record.stage.value


@pytest.mark.parametrize(
    ("name", "what", "body", "made"),
    ALSO_SENT,
    ids=[f"{name}: {what}" for name, what, *_ in ALSO_SENT],
)
def test_it_is_answered_and_means_what_it_says(
    name: str, what: str, body: bytes, made: list[str], tmp_path: Path
) -> None:
    vendor = Vendor(name, tmp_path)
    vendor.hold("one")
    vendor.url = f"http://desk.test/v1/connect/{name}"
    if name == "assemblyai":
        vendor.url += "?conversation_id=s-1"  # over HTTP nothing in a turn says it
    if name in ("azure", "transcribe") and "k-9" not in body.decode():
        vendor.url += "?conversation_id=k-1"
    answer = vendor.send(body, vendor.signed("one", body))
    assert answer.status_code == 202, answer.text
    assert [kind_of(record) for record in vendor.desk.written.records] == made, what
    assert "7700" not in repr(vendor.desk.written.records)


def test_chimes_call_is_the_conversation() -> None:
    connector = registry.connector("transcribe")
    for name, what, body, _ in ALSO_SENT:
        if name == "transcribe" and "with the call" in what:
            (record,) = connector.records(_payload(connector, body), Session(name=name))
            assert record.conversation_id == "transcribe:k-9"


def test_a_turn_of_flux_is_one_utterance() -> None:
    connector = registry.connector("deepgram")
    events = ("StartOfTurn", "Update", "EagerEndOfTurn", "TurnResumed", "Update", "EndOfTurn")
    heard = [
        record
        for number, event in enumerate(events)
        for record in connector.records(
            TURN | {"event": event, "transcript": "Hello", "audio_window_end": 1 + number},
            Session(name="deepgram", roles={"0": Role.CUSTOMER}),
        )
    ]
    assert len({f.fragment_id for f in heard if isinstance(f, Fragment)}) == 1
    assert [f.stage for f in heard if isinstance(f, Fragment)] == [Stage.PARTIAL] * 5 + [
        Stage.FINAL
    ]
    assert heard[-1].conversation_id == "deepgram:r-1"


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"email", "twilio", "twilio-conversations"}))
def test_a_field_that_is_null_is_a_field_that_is_not_there(name: str) -> None:
    connector = registry.connector(name)
    for body in SAMPLES[name].bodies:
        whole = json.loads(body)
        for holder, key in list(_fields(whole)):
            held = holder.pop(key)
            without = _made(name, js(whole))
            holder[key] = None
            assert _made(name, js(whole)) == without, (key, connector.vendor)
            holder[key] = held


def _fields(part: Any) -> Iterator[tuple[dict[str, Any], str]]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield part, key
            yield from _fields(value)
    elif isinstance(part, list):
        for value in part:
            yield from _fields(value)


def _made(name: str, body: bytes) -> object:
    """The records of a delivery, or why there are none."""
    endpoint = Endpoints().find(name)
    assert endpoint is not None
    connector = endpoint.connector
    session = endpoint.session({"conversation_id": "c", "started": "2026-11-23T10:00:00Z"})
    try:
        payload = _payload(connector, body)
        return connector.records(payload, connector.remember(session, payload))
    except RecordError as error:
        return error.reason, error.field


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"email"}))
def test_what_is_nested_deep_is_read_or_refused(name: str) -> None:
    connector = registry.connector(name)
    for depth in (50, 300, 450, 900, 5000):
        for inner in ("null", "1"):
            deep = '{"a":[' * depth + inner + "]}" * depth
            first = json.loads(SAMPLES[name].bodies[0]) if connector.body == "json" else {}
            body = js(first)[:-1].decode() + (", " if first else "") + f'"x": {deep}}}'
            with contextlib.suppress(RecordError):
                payload = (
                    _payload(connector, body.encode()) if first else {"TranscriptionData": deep}
                )
                connector.records(payload, connector.remember(Session(name=name), payload))


def test_kinds_are_words_of_ours() -> None:
    known = {kind.value.removeprefix("conversation.") for kind in ControlKind}
    known |= {stage.value for stage in Stage}
    assert {word for *_, made in ALSO_SENT for word in made} <= known
