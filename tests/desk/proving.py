"""Signs deliveries as each vendor would: written apart from the code that checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from cxstream.connectors.connector import Connector
from cxstream.connectors.proof import Signed, Token, TwilioSigned
from cxstream.connectors.tokens import SignedToken

AUDIENCE = "https://desk.test/push"
_KEYS: dict[str, RSAPrivateKey] = {}


def secret_of(connector: Connector, name: str) -> str:
    """What has to be configured so that what is signed with `name` is believed."""
    if not isinstance(connector.proof, SignedToken):
        return name
    public = jwt.algorithms.RSAAlgorithm.to_jwk(_key(name).public_key(), as_dict=True)
    return json.dumps({"keys": [{**public, "kid": name, "alg": "RS256", "use": "sig"}]})


def headers(
    connector: Connector, name: str, url: str, body: bytes, now_s: float, nonce: int = 0
) -> dict[str, str]:
    """The headers of a delivery signed with the secret called `name`."""
    proof = connector.proof
    if isinstance(proof, TwilioSigned):
        text = url + "".join(
            k + v for k, v in sorted(parse_qsl(body.decode(), keep_blank_values=True))
        )
        digest = hmac.new(name.encode(), text.encode(), hashlib.sha1).digest()
        return {"X-Twilio-Signature": base64.b64encode(digest).decode()}
    if isinstance(proof, Signed) and proof.encoding == "base64":
        at = datetime.fromtimestamp(now_s + nonce, UTC).isoformat().replace("+00:00", "Z")
        digest = hmac.new(name.encode(), at.encode() + body, hashlib.sha256).digest()
        return {
            "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": at,
        }
    if isinstance(proof, Signed) and proof.time_header:
        at = str(int(now_s + nonce))
        digest_hex = hmac.new(name.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
        return {"X-Chatwoot-Signature": f"sha256={digest_hex}", "X-Chatwoot-Timestamp": at}
    if isinstance(proof, Signed):
        digest_hex = hmac.new(name.encode(), body, hashlib.sha1).hexdigest()
        return {"X-Hub-Signature": f"sha1={digest_hex}"}
    if isinstance(proof, SignedToken):
        now = int(time.time())
        claims = {"iss": proof.issuers[0], "aud": AUDIENCE, "iat": now, "exp": now + 300}
        token = jwt.encode(claims, _key(name), "RS256", headers={"kid": name})
        return {"Authorization": f"Bearer {token}"}
    assert isinstance(proof, Token)
    return {"Authorization": f"Bearer {name}"}


def _key(name: str) -> RSAPrivateKey:
    if name not in _KEYS:
        _KEYS[name] = generate_private_key(65537, 2048)
    return _KEYS[name]
