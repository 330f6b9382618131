"""Ids come from outside, and go into names of files, headers, addresses and labels: they stay what they are."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from examples import sample_of
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest
from pydantic import ValidationError

from cxstream import events
from cxstream.engine import codec
from cxstream.errors import CxError, DeliveryError, ModelError, RecordError
from cxstream.execute.configuration import load_plans
from cxstream.execute.http import HttpTransport
from cxstream.execute.plan import facts_of
from cxstream.execute.transport import Patience
from cxstream.execute.webhooks import webhook_call
from cxstream.listen.decode import decode_record
from cxstream.observe.desk_metrics import DeskMetrics
from cxstream.observe.executor_metrics import ExecutorMetrics
from cxstream.settings import Settings
from cxstream.understand.tenant import path_of

WICKED = (
    "../../etc/passwd",
    "a/../b",
    "..",
    "a\r\nX-Evil: 1",
    "é",
    "\u202e",
    'x" y="',
    "a b?c#d%2f",
    "\x00",
)
OFFICE = """\
services: {crm: {url: 'https://crm.test/api', auth: {bearer: crm}}}
actions:
  refund:
    calls:
      - service: crm
        request: POST /customers/{customer_id}/refunds
        query: {who: '{customer_id}'}
        headers: {x-customer: '{customer_id}'}
        body: {who: '{customer_id}'}
"""


@pytest.mark.parametrize("name", WICKED)
def test_no_id_leaves_its_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        path_of(tmp_path, name)
    with pytest.raises(ValidationError):
        Settings(app_id=name)  # whose state has a folder of that name


@given(st.text(max_size=40))
@settings(max_examples=50, deadline=None, database=None)
def test_control_characters_in_ids_are_refused_at_the_door(name: str) -> None:
    record = msgspec.json.decode(sample_of(events.Fragment))
    try:
        made = decode_record(msgspec.json.encode(record | {"conversation_id": name}))
    except RecordError:
        return
    assert not set("\r\n\x00\x7f\u202e") & set(made.conversation_id)


@pytest.mark.parametrize("name", WICKED)
def test_an_id_in_a_request_stays_in_its_place(name: str, tmp_path: Path) -> None:
    """In the path it is one part, in the query one value; a header that cannot be sent is not sent at all."""
    (tmp_path / "office.yaml").write_text(OFFICE)
    [plan] = load_plans(tmp_path / "office.yaml", secret_of=lambda _: ("s",), environ={}).values()
    action = msgspec.structs.replace(
        msgspec.json.decode(sample_of(events.Action), type=events.Action), customer_id=name
    )
    asked: list[httpx.Request] = []

    async def story() -> None:
        async with HttpTransport(ExecutorMetrics()) as transport:
            await transport._client.aclose()

            def answer(request: httpx.Request) -> httpx.Response:
                asked.append(request)
                return httpx.Response(200)

            transport._client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
            call = plan.steps[0].request.call(action, facts_of(action), action.id)
            await transport.send(call, Patience(tries=1, within_s=2))

    try:
        asyncio.run(story())
    except DeliveryError as error:
        assert error.sure
        assert not asked
        assert not name.isprintable() or name in (".", "..")
        return
    [request] = asked
    assert request.url.host == "crm.test"
    assert request.url.raw_path.startswith(b"/api/customers/")
    assert request.url.raw_path.partition(b"?")[0].count(b"/") == 4
    assert dict(request.url.params) == {"who": name}
    assert "x-evil" not in request.headers
    assert name.encode() in [value for _, value in request.headers.raw]


@pytest.mark.parametrize("name", WICKED)
def test_an_id_in_the_header_of_a_webhook(name: str) -> None:
    """Our own ids are plain; a foreign writer's must not stop the post, nor pass for more."""

    async def story() -> None:
        async with HttpTransport(ExecutorMetrics()) as transport:
            await transport._client.aclose()
            answering = httpx.MockTransport(lambda _: httpx.Response(200))
            transport._client = httpx.AsyncClient(transport=answering)
            call = webhook_call(
                "w", "https://crm.test/", ("whsec_Y2hlY2s=",), message_id=name, body=b"{}"
            )
            await transport.send(call, Patience(tries=1, within_s=2))

    try:
        asyncio.run(story())
    except CxError as error:
        assert isinstance(error, DeliveryError)


@pytest.mark.parametrize("name", WICKED)
def test_an_id_in_a_label_is_one_value(name: str) -> None:
    metrics = DeskMetrics()
    metrics.received(name, "accepted")
    said = generate_latest(metrics.registry).decode()
    lines = [line for line in said.splitlines() if line.startswith("cxstream_desk_records_total{")]
    assert len(lines) == 1


@pytest.mark.parametrize("name", WICKED)
def test_an_id_in_the_headers_of_a_topic_is_bytes(name: str) -> None:
    record = events.Outcome(
        id=name, kind="shown", conversation_id="c", event_time=datetime(2026, 11, 25, tzinfo=UTC)
    )
    assert dict(codec.headers(record, name, codec.Cause(1)))["ce_id"] == name.encode()
