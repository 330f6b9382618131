"""Endpoints of a file, and what is posted to them."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from live_records import action, nudge
from msgspec.structs import replace
from standardwebhooks import Webhook

from cxstream.desk.webhooks import Endpoint, Poster, load_endpoints, message_id
from cxstream.errors import DeliveryError, SettingsError
from cxstream.execute.transport import Answer, Call, RecordedTransport

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GOOD = """
webhooks:
  - name: crm
    url: https://crm.example/hooks
    secret: crm
    records: [nudges, escalations]
"""


def secret_of(name: str) -> tuple[str, ...]:
    """The only secret there is."""
    return (SECRET,) if name == "crm" else ()


def written(folder: Path, text: str) -> Path:
    """A file with that text."""
    path = folder / "webhooks.yaml"
    path.write_text(text)
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    (endpoint,) = load_endpoints(written(tmp_path, GOOD), secret_of)
    assert (endpoint.name, endpoint.records, endpoint.within_s) == (
        "crm",
        ("nudges", "escalations"),
        300.0,
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("nudges, escalations", "nudge", "records"),
        ("nudges, escalations", "", "records"),
        ("https://crm", "http://crm", "https"),
        ("secret: crm", "secret: other", "no secret named 'other'"),
        ("secret: crm", "secret: crm\n    retries: 3", "retries"),
        ("name: crm", "name: C R M", "name"),
        ("webhooks:", "webhooks: [", "not YAML"),
        ("    url: https://crm.example/hooks\n", "", "url"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    assert before in GOOD
    with pytest.raises(SettingsError, match=said):
        load_endpoints(written(tmp_path, GOOD.replace(before, after)), secret_of)


def test_a_name_stands_there_once(tmp_path: Path) -> None:
    twice = GOOD + GOOD.removeprefix("\nwebhooks:\n")
    with pytest.raises(SettingsError, match="twice"):
        load_endpoints(written(tmp_path, twice), secret_of)


def test_a_secret_that_is_none_is_found_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_endpoints(written(tmp_path, GOOD), lambda name: ("not-base64-é",))
    assert "not-base64" not in str(caught.value)


def poster(transport: RecordedTransport, **given: object) -> Poster:
    """A poster to the CRM."""
    endpoint = Endpoint("crm", "https://crm.example/hooks", "crm", ("nudges",), **given)  # type: ignore[arg-type]
    return Poster(endpoint, transport, secret_of)


def test_a_message_is_one_of_the_standard() -> None:
    transport = RecordedTransport(lambda call: Answer(204))
    assert asyncio.run(poster(transport).post(nudge()))
    (call,) = transport.calls
    assert call.signer is not None
    now_ms = time.time_ns() // 1_000_000  # the receiver's library refuses what is old
    headers = dict(call.signer.headers(call.body, now_ms))
    assert headers["webhook-id"] == "nudge_1"
    body = Webhook(SECRET).verify(call.body, headers)
    assert body["type"] == "cx.nudge.v1"
    assert body["data"]["say"] == nudge().say
    assert body == json.loads(call.body)


def test_other_tenants_are_left_out() -> None:
    transport = RecordedTransport(lambda call: Answer(204))
    assert not asyncio.run(poster(transport, tenants=("acme",)).post(nudge()))
    assert asyncio.run(poster(transport, tenants=("acme",)).post(nudge(tenant="acme")))
    assert len(transport.calls) == 1


def test_a_refusal_is_told() -> None:
    def refuse(call: Call) -> DeliveryError:
        return DeliveryError("refused", "crm answered 410", sure=True, status=410)

    with pytest.raises(DeliveryError):
        asyncio.run(poster(RecordedTransport(refuse)).post(nudge()))


def test_an_action_that_was_decided_upon_is_another_message() -> None:
    proposed = action()
    assert message_id(proposed) != message_id(replace(proposed, status="approved"))
    assert message_id(proposed) == message_id(action())
