"""Signed tokens (JWT) of clouds that push: proved by the cloud's public keys, no secret is shared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from cxstream.connectors.proof import Delivery, Unproven
from cxstream.connectors.session import Setup
from cxstream.errors import UNREADABLE

TOKEN_MAX = 16 * 1024
"""Characters of a token; clouds send about 1,000."""

_MEND = "send a bearer token signed by the vendor, for the audience that is configured here"


@dataclass(frozen=True)
class SignedToken:
    """An OpenID Connect bearer token, by one of these issuers, for the endpoint's `audience`.

    Each of `secrets` is a JWKS document. A token proves the sender for as long as it holds; the message is
    known by its ids.
    """

    issuers: tuple[str, ...]
    keys_url: str

    @property
    def told(self) -> str:
        """See `proof.Proof`."""
        return "the cloud's signed bearer token; no secret"

    def check(self, delivery: Delivery, secrets: Sequence[str], setup: Setup) -> str | None:
        """See `proof.Proof`."""
        import jwt  # brings cryptography, which takes a while

        scheme, _, token = delivery.headers.get("authorization", "").partition(" ")
        if len(token) > TOKEN_MAX:
            raise Unproven("Authorization", _MEND)
        if scheme.lower() != "bearer" or not token or not setup.audience:
            raise Unproven("Authorization", _MEND if setup.audience else "configure an `audience`")
        try:
            wanted = jwt.get_unverified_header(token).get("kid")
            for document in secrets:
                for key in jwt.PyJWKSet.from_dict(json.loads(document)).keys:
                    if key.key_id == wanted:
                        jwt.decode(
                            token,
                            key,
                            algorithms=["RS256", "ES256"],
                            audience=setup.audience,
                            issuer=list(self.issuers),
                            leeway=30,
                            options={"require": ["exp", "iss", "aud"]},
                        )
                        return None
        except (jwt.PyJWTError, AttributeError, TypeError, *UNREADABLE) as error:
            raise Unproven("Authorization", _MEND) from error
        raise Unproven("Authorization", _MEND)
