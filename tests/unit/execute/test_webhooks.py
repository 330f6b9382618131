"""Webhooks as the standard has them: the receiver's own library verifies them."""

from __future__ import annotations

import base64
import time

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from cxstream.errors import SettingsError
from cxstream.execute.webhooks import WebhookSigner, webhook_call

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLDER = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = '{"say":"schön"}'.encode()


def test_a_receiver_can_verify_it() -> None:
    call = webhook_call("desk", "http://x", [SECRET], message_id="nudge_1", body=BODY)
    assert call.signer is not None
    headers = dict(call.signer.headers(call.body, int(time.time() * 1000)))
    assert headers["webhook-id"] == "nudge_1"
    assert Webhook(SECRET).verify(BODY, headers) == {"say": "schön"}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLDER).verify(BODY, headers)


def test_both_secrets_hold_while_one_is_changed() -> None:
    headers = dict(WebhookSigner("m", [SECRET, OLDER]).headers(BODY, int(time.time() * 1000)))
    for secret in (SECRET, OLDER):
        assert Webhook(secret).verify(BODY, headers)


def test_the_published_example() -> None:
    """The test vector of the specification (standardwebhooks.com, symmetric signatures)."""
    signer = WebhookSigner(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )
    headers = signer.headers(b'{"test": 2432232314}', 1_614_265_330_000)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secrets", [[], ["whsec_"], ["whsec_ä"], [""]])
def test_a_secret_that_is_none_is_refused_without_being_told(secrets: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        WebhookSigner("m", secrets)
    assert "ä" not in str(caught.value)
    assert SECRET not in repr(WebhookSigner("m", [SECRET]))
