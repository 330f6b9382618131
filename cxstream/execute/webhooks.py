"""Messages to other people's systems as Standard Webhooks (https://www.standardwebhooks.com, version 1).

The receiver gets `webhook-id`, `webhook-timestamp` and `webhook-signature`, and a body that is signed with
both. The id is the record's: a message that comes twice is known by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

from cxstream.errors import SettingsError
from cxstream.execute.transport import Call


class WebhookSigner:
    """Signs one message with each of the secrets, so that a secret can be changed without a gap.

    A secret is `whsec_` and 24 to 64 bytes in base64. Raises `SettingsError` for one that is not, without
    saying what it was.
    """

    def __init__(self, message_id: str, secrets: Sequence[str]) -> None:
        self._id = message_id
        try:
            self._keys = [Webhook(secret) for secret in secrets]
        except Exception as error:  # the library lets those of base64 through
            raise SettingsError(
                "a webhook secret is none: expected whsec_ and base64, as"
                ' `python -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"` prints'
            ) from error
        if not self._keys:
            raise SettingsError("a webhook needs a secret to sign with")

    def __repr__(self) -> str:
        return f"WebhookSigner({self._id!r})"

    def headers(self, body: bytes, at_ms: int) -> Mapping[str, str]:
        """The three headers of the standard for this body at this moment."""
        at = datetime.fromtimestamp(at_ms // 1000, UTC)
        signatures = [key.sign(self._id, at, body.decode()) for key in self._keys]
        return {
            "webhook-id": self._id,
            "webhook-timestamp": str(at_ms // 1000),
            "webhook-signature": " ".join(signatures),
        }


def webhook_call(
    service: str,
    url: str,
    secrets: Sequence[str],
    *,
    message_id: str,
    body: bytes,
    timeout_s: float = 10.0,
) -> Call:
    """The call that carries one record (UTF-8 JSON) to a subscriber; send it through a `Transport`."""
    return Call(
        service=service,
        method="POST",
        url=url,
        headers={"content-type": "application/json"},
        body=body,
        timeout_s=timeout_s,
        signer=WebhookSigner(message_id, secrets),
    )
