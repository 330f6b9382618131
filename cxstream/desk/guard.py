"""Who may send: a bearer token that is one of a name's valid secrets."""

from __future__ import annotations

from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from cxstream.desk.faults import unauthorised
from cxstream.desk.secrets import Secrets

INGEST = "ingest"
"""The secret that lets a sender of fragments in."""

documented_scheme = HTTPBearer(auto_error=False, description="A secret named `ingest`")
"""For the OpenAPI document only; `Guard` does the work, for WebSockets as well."""


class Guard:
    """Checks the `Authorization` header of a request or a WebSocket upgrade."""

    def __init__(self, secrets: Secrets, name: str = INGEST) -> None:
        self._secrets = secrets
        self._name = name

    def check(self, connection: HTTPConnection) -> None:
        """Raises the 401 `Refusal` unless a valid token is given. Call it before the body is read."""
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._secrets.matches(self._name, token.strip()):
            raise unauthorised(
                "Authorization", f"send `Authorization: Bearer` with the secret named {self._name}"
            )
