"""What a vendor's delivery passes before it is read: the endpoint exists, and the delivery proves
itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.requests import HTTPConnection

from cxstream.connectors.proof import Delivery, Unproven
from cxstream.connectors.session import Session
from cxstream.desk.endpoints import Endpoint, Endpoints
from cxstream.desk.faults import Refusal, unauthorised, unavailable, unreadable
from cxstream.desk.keys import Keys
from cxstream.desk.replays import Replays
from cxstream.desk.secrets import Secrets
from cxstream.errors import EngineError, RecordError

PSEUDONYM = "pseudonym"
"""The secret that keys pseudonyms of phone numbers and addresses."""


class Gate:
    """Lets deliveries in by the endpoints' own schemes. `clock_ms` gives UTC epoch milliseconds."""

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        secrets: Secrets,
        keys: Keys,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._endpoints = endpoints
        self._secrets = secrets
        self._keys = keys
        self._replays = Replays()
        self.clock_ms = clock_ms

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint. Raises the 404 `Refusal`."""
        found = self._endpoints.find(name)
        if found is None:
            known = ", ".join(self._endpoints.names())
            raise Refusal(404, "not_found", "endpoint", f"one of {known}; see docs/connectors.md")
        return found

    async def prove(
        self, endpoint: Endpoint, connection: HTTPConnection, body: bytes
    ) -> str | None:
        """The mark of a delivery that proved itself. Raises the 401 `Refusal`, or 503 without its keys."""
        url = str(connection.url)
        if endpoint.setup.public_url:
            query = f"?{connection.url.query}" if connection.url.query else ""
            url = endpoint.setup.public_url.rstrip("/") + connection.url.path + query
        now_ms = self.clock_ms()
        delivery = Delivery(url, connection.headers, body, now_ms)
        try:
            valid = await self._valid(endpoint)
            if not valid:
                raise Unproven(
                    "secret", f"no secret is set for {endpoint.name}, so nobody can send"
                )
            mark = endpoint.connector.proof.check(delivery, valid, endpoint.setup)
            if mark is not None and self._replays.seen(endpoint.name, mark, now_ms):
                raise Unproven("signature", "this delivery was accepted before; sign each anew")
        except Unproven as error:
            raise unauthorised(error.field, error.mend) from error
        except EngineError as error:
            raise unavailable("the vendor's public keys can't be fetched now") from error
        return mark

    async def _valid(self, endpoint: Endpoint) -> tuple[str, ...]:
        given = self._secrets.valid(endpoint.name)
        url = endpoint.setup.keys_url or endpoint.connector.proof.keys_url
        if given or not url:
            return given
        return (await self._keys.at(url),)

    def accepted(self, endpoint: Endpoint, mark: str | None) -> None:
        """Kafka has all of this delivery: its signature has served."""
        if mark is not None:
            self._replays.accepted(endpoint.name, mark, self.clock_ms())

    def session(self, endpoint: Endpoint, connection: HTTPConnection) -> Session:
        """What the address says. Raises the 422 `Refusal`."""
        keys = self._secrets.valid(PSEUDONYM)
        try:
            return endpoint.session(
                connection.query_params, pseudonym_key=keys[-1].encode()[:64] if keys else b""
            )
        except RecordError as error:
            raise unreadable(error) from None
