"""Decisions pushed to systems that can't hold a socket: as Standard Webhooks, each endpoint by itself.

    webhooks:
      - name: crm
        url: https://crm.example/hooks/cxstream
        secret: crm-webhook
        records: [nudges, escalations]

What is posted is `{"type": "cx.nudge.v1", "timestamp": ..., "data": {...the record...}}`, signed
(https://www.standardwebhooks.com). A message may come twice: `webhook-id` says so. What is not taken within
`within_s` goes to the dead letters, and the next ones follow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from cxstream.errors import UNREADABLE, SettingsError
from cxstream.events import Action, Escalation, Nudge, Summary
from cxstream.execute.transport import Patience, Transport
from cxstream.execute.webhooks import WebhookSigner, webhook_call
from cxstream.execute.written import read_yaml

Role = Literal["nudges", "actions", "escalations", "summaries"]
Posted = Nudge | Action | Escalation | Summary
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class Endpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to, and which records. `secret` names a secret (`whsec_...`); `tenants` None means all."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}$")]
    url: str
    secret: str
    records: Annotated[tuple[Role, ...], Meta(min_length=1)]
    tenants: tuple[str, ...] | None = None
    within_s: Annotated[float, Meta(gt=0, le=3600)] = 300.0
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    webhooks: tuple[Endpoint, ...]


class _Message(Struct, frozen=True):
    type: str
    timestamp: datetime
    data: Posted


def load_endpoints(path: Path, secret_of: Callable[[str], Sequence[str]]) -> tuple[Endpoint, ...]:
    """The endpoints of a file. Raises `SettingsError` naming the field, before anything is sent."""
    try:
        found = msgspec.convert(read_yaml(path), _File).webhooks
    except SettingsError as error:
        raise SettingsError(f"webhooks_file: {error}") from error
    except UNREADABLE as error:
        raise SettingsError(f"webhooks_file: {path}: {error}") from error
    names = [endpoint.name for endpoint in found]
    for endpoint in found:
        where = f"webhooks_file: {path}: {endpoint.name}"
        if names.count(endpoint.name) > 1:
            raise SettingsError(f"{where}: this name stands there twice")
        if not _private(endpoint.url):
            raise SettingsError(f"{where}: url: https, because what customers said is in it")
        if not secret_of(endpoint.secret):
            raise SettingsError(f"{where}: secret: there is no secret named {endpoint.secret!r}")
        WebhookSigner("check", secret_of(endpoint.secret))
    return found


def _private(url: str) -> bool:
    """Whether nobody on the way can read along."""
    try:
        address = urlsplit(url)
        return address.scheme == "https" or address.hostname in _LOOPBACK
    except ValueError:  # [ without ]
        return False


class Poster:
    """Posts the records of one endpoint, whichever order it is called in."""

    def __init__(
        self,
        endpoint: Endpoint,
        transport: Transport,
        secret_of: Callable[[str], Sequence[str]],
    ) -> None:
        self.endpoint = endpoint
        self._transport = transport
        self._secret_of = secret_of
        self._patience = Patience(tries=None, within_s=endpoint.within_s, longest_wait_s=30.0)

    async def post(self, record: Posted) -> bool:
        """Post one record; False when this endpoint does not want it.

        Raises `DeliveryError` when it is refused, or not taken in time.
        """
        endpoint = self.endpoint
        if endpoint.tenants is not None and record.tenant not in endpoint.tenants:
            return False
        call = webhook_call(
            f"webhook-{endpoint.name}",
            endpoint.url,
            self._secret_of(endpoint.secret),
            message_id=message_id(record),
            body=body_of(record),
            timeout_s=endpoint.timeout_s,
        )
        await self._transport.send(call, self._patience)
        return True


def message_id(record: Posted) -> str:
    """The same message has the same id; an action that was decided upon is another message."""
    if isinstance(record, Action) and record.status != "proposed":
        return f"{record.id}.{record.status}"
    return record.id


def body_of(record: Posted) -> bytes:
    """The message as the standard has it."""
    kind = str(type(record).__struct_config__.tag)
    return msgspec.json.encode(_Message(kind, record.event_time, record))
