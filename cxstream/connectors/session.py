"""What is known beside a payload: how the endpoint is set up, and what the address of a delivery said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cxstream.errors import RecordError
from cxstream.events import Fragment, Role, RoleSource, Speaker, Transcript, from_ms

Payload = Mapping[str, Any]


class Setup(Struct, frozen=True, forbid_unknown_fields=True):
    """How one endpoint is configured; the tenant comes from here, never from a payload.

    `connector` names the kind where the endpoint has a name of its own. `roles` gives the role of each
    track, participant or sender as the vendor calls it. `public_url` is where the vendor sends to, for
    signatures over the address behind a proxy; `audience` what signed tokens must be meant for. `keys_url`
    says where the public keys of signed tokens are, in place of the vendor's.
    """

    connector: str = ""
    tenant: str = "default"
    roles: dict[str, Role] = {}
    channel: str | None = None
    queue: str | None = None
    language: str | None = None
    public_url: str = ""
    audience: str = ""
    keys_url: str = ""


class Session(Struct, frozen=True):
    """What is known beside a payload: the endpoint, and what its address or an earlier frame said.

    `started_ms` is when the media clock was zero, for vendors whose times count from there (epoch ms).
    """

    name: str = ""
    setup: Setup = Setup()
    conversation_id: str | None = None
    customer_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    channel: str | None = None
    language: str | None = None
    started_ms: int | None = None
    roles: Mapping[str, Role] = {}
    pseudonym_key: bytes = b""

    def conversation(self, vendor: str, given: str | None = None) -> str:
        """The conversation's id with the vendor before it: as given, else what the address said.

        Raises `RecordError` when neither has one.
        """
        found = given or self.conversation_id
        if not found:
            raise RecordError(
                "missing_field",
                field="conversation_id",
                mend="this vendor does not send it: add ?conversation_id=... to the address",
            )
        return f"{vendor}:{found}"

    def speaker(
        self, track: str, guess: Role = Role.UNKNOWN, *, label: str | None = None
    ) -> Speaker:
        """Who speaks on a track: as configured, else a guess that says it is one."""
        known = self.roles.get(track)
        if known is not None:
            return Speaker(role=known, role_source=RoleSource.CHANNEL_MAP, label=label)
        return Speaker(role=guess, role_source=RoleSource.UNKNOWN, label=label)

    def pseudonym(self, kind: str, value: str) -> str:
        """A stable id for a person that is known by a number or an address, without the number in it.

        The same on every channel. With a key (secret `pseudonym`) nobody can try numbers out.
        """
        plain = value.strip().lower()
        if kind == "tel":
            plain = "".join(c for c in plain if c.isdigit()) or plain
        digest = blake2b(plain.encode("utf-8", "replace"), digest_size=12, key=self.pseudonym_key)
        return f"{kind}:{digest.hexdigest()}"

    def origin(self) -> datetime | None:
        """When the media clock was zero."""
        return None if self.started_ms is None else from_ms(self.started_ms)

    def moment(self, ms: int) -> datetime | None:
        """The time of day of a place on the media clock; None when its zero is not known."""
        origin = self.origin()
        return None if origin is None else origin + timedelta(milliseconds=ms)

    def complete(self, record: Transcript) -> Transcript:
        """The record with the endpoint's tenant and name, and with what the address said."""
        record = replace(
            record,
            tenant=self.setup.tenant,
            source=replace(record.source, connector=self.name),
            customer_id=record.customer_id or self.customer_id,
            agent_id=record.agent_id or self.agent_id,
            queue=record.queue or self.queue,
        )
        if self.channel:
            record = replace(record, channel=self.channel)
        if isinstance(record, Fragment) and self.language and not record.language:
            record = replace(record, language=self.language)
        return record
