"""`POST /v1/fragments`: what is answered to whom, and what is written."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from desk_support import BEARER, BODY_MAX, Desk

from cxstream.desk.secrets import Secrets
from cxstream.errors import SettingsError
from cxstream.events import Control, Fragment

FRAGMENT = {
    "schema": "cx.fragment.v1",
    "conversation_id": "acme:7",
    "fragment_id": "u-1",
    "text": "the router blinks red since noon",
    "speaker": {"role": "customer"},
}


def post(desk: Desk, body: object, headers: dict[str, str] | None = None) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def ask() -> httpx.Response:
        async with desk.client() as client:
            return await client.post(
                "/v1/fragments", content=content, headers=BEARER if headers is None else headers
            )

    return asyncio.run(ask())


def get(desk: Desk, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with desk.client() as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_one_is_accepted_and_written() -> None:
    desk = Desk()
    answer = post(desk, FRAGMENT)
    assert answer.status_code == 202
    assert answer.json()["items"][0] == {
        "accepted": True, "id": "u-1", "reason": None, "field": None, "mend": None,
    }  # fmt: skip
    [record] = desk.written.records
    assert isinstance(record, Fragment)
    assert record.text == FRAGMENT["text"]
    assert record.ingest_time is not None


def test_one_goes_on_in_the_trace_of_its_request_and_of_several_each_in_its_own() -> None:
    desk = Desk()
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    traced = BEARER | {"traceparent": parent, "tracestate": "telephony=1"}
    post(desk, FRAGMENT, traced)
    post(desk, [FRAGMENT, FRAGMENT], traced)
    post(desk, FRAGMENT, BEARER | {"traceparent": "00-not-a-trace"})
    one, *several, none = desk.written.traces
    assert one is not None and none is None
    assert dict(one.headers()) == {"traceparent": parent, "tracestate": "telephony=1"}
    assert [trace and (trace.trace_id, trace.shared) for trace in several] == [
        (one.trace_id, True)
    ] * 2


def test_a_batch_is_answered_item_by_item() -> None:
    desk = Desk()
    ended = {
        "schema": "cx.control.v1", "conversation_id": "acme:7", "type": "conversation.ended",
        "control_id": "e-1",
    }  # fmt: skip
    answer = post(desk, [FRAGMENT, {**FRAGMENT, "text": 5}, ended])
    assert answer.status_code == 207
    said = answer.json()
    assert (said["accepted"], said["refused"]) == (2, 1)
    assert [item["accepted"] for item in said["items"]] == [True, False, True]
    assert said["items"][1]["field"] == "$.text"
    assert said["items"][2]["id"] == "e-1"
    assert [type(record) for record in desk.written.records] == [Fragment, Control]


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        ({**FRAGMENT, "stage": "done"}, "bad_value", "$.stage"),
        ({k: v for k, v in FRAGMENT.items() if k != "conversation_id"}, "missing_field",
         "$.conversation_id"),
        ({**FRAGMENT, "event_time": "yesterday"}, "bad_time", "$.event_time"),
        ([], "empty", "$"),
        (b"", "empty", "$"),
        (b"{", "not_json", "$"),
        (b"[1, ", "not_json", "$"),
        (b"\xff\xfe", "not_utf8", "$"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_where_and_how_to_mend_it(
    body: object, reason: str, field: str
) -> None:
    desk = Desk()
    answer = post(desk, body)
    assert answer.status_code == 422
    assert (answer.json()["reason"], answer.json()["field"]) == (reason, field)
    assert answer.json()["mend"]
    assert desk.written.records == []


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic a-token-of-the-tests"},
     {"Authorization": "Bearer "}],
)  # fmt: skip
def test_who_has_no_token_is_refused_before_the_body_is_read(headers: dict[str, str]) -> None:
    desk = Desk()
    answer = post(desk, b"x" * (BODY_MAX + 1), headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert desk.written.records == []


def test_a_body_too_large_is_refused_whatever_its_header_says() -> None:
    answer = post(Desk(), b"[" + b" " * BODY_MAX + b"]")
    assert answer.status_code == 413
    assert answer.json()["reason"] == "too_large"


def test_without_kafka_nothing_is_accepted() -> None:
    desk = Desk()
    desk.written.refuses = True
    assert post(desk, FRAGMENT).status_code == 503
    assert post(desk, [FRAGMENT, FRAGMENT]).headers["retry-after"] == "2"
    ready = get(desk, "/readyz")
    assert ready.status_code == 503
    assert ready.json()["waiting_for"] == {"kafka": "no broker answers"}
    assert get(desk, "/healthz").status_code == 200


def test_personal_data_is_masked_before_it_is_written() -> None:
    desk = Desk()
    said = "my card is 4111 1111 1111 1111, mail ann@example.org"
    post(
        desk,
        {
            **FRAGMENT,
            "text": said,
            "speaker": {"label": "ann@example.org", "id": "+44 7700 900123"},
        },
    )
    [record] = desk.written.records
    assert isinstance(record, Fragment)
    assert record.text == "my card is [CARD], mail [EMAIL]"
    assert record.speaker.label == "[EMAIL]"
    assert record.speaker.id is not None and record.speaker.id.startswith("person_")
    page = get(desk, "/metrics").text
    assert 'cxstream_desk_redactions_total{kind="card"} 1.0' in page
    assert 'cxstream_desk_records_total{connector="native",outcome="accepted"} 1.0' in page


def test_tokens_rotate_without_a_moment_without_service(tmp_path: Path) -> None:
    file = tmp_path / "ingest"
    secrets = Secrets(tmp_path, environ={})
    assert not secrets.matches("ingest", "")

    def hold(lines: str, age_ns: int) -> list[bool]:
        import os

        file.write_text(lines)
        os.utime(file, ns=(age_ns, age_ns))
        return [secrets.matches("ingest", word) for word in ("old", "new")]

    assert hold("old\n", 1) == [True, False]
    assert hold("new\nold\n", 2) == [True, True]
    assert hold("new\n", 3) == [False, True]
    with pytest.raises(SettingsError, match="at most 2"):
        hold("a\nb\nc\n", 4)
    assert "new" not in repr(secrets)


def test_the_document_knows_the_records() -> None:
    document: dict[str, Any] = get(Desk(), "/openapi.json").json()
    assert {"Fragment", "Control", "Answers", "Fault"} <= set(document["components"]["schemas"])
    assert set(document["paths"]["/v1/fragments"]["post"]["responses"]) == {
        "202", "207", "401", "413", "422", "503",
    }  # fmt: skip
    assert "$defs" not in json.dumps(document)
