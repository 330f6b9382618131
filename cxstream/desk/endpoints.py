"""Which vendors may push, under which names, for which tenants.

Each connector that is installed has an endpoint of its own name. A TOML file (CXSTREAM_CONNECTORS_FILE)
sets them up, and adds more:

    [twilio]
    tenant = "acme"
    public_url = "https://calls.acme.example"
    roles = {inbound_track = "customer", outbound_track = "agent"}

    [twilio-uk]
    connector = "twilio"
    tenant = "acme-uk"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from cxstream.connectors import registry
from cxstream.connectors.connector import Connector
from cxstream.connectors.session import Session, Setup
from cxstream.errors import UNREADABLE, RecordError, SettingsError
from cxstream.events import Role, to_ms

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
FACTS = ("conversation_id", "customer_id", "agent_id", "queue", "channel", "language")
"""What an address may say, beside `started` and `roles`."""


SIZE_MAX = 1024 * 1024
"""Characters of the file; a setup has under a thousand."""


class Endpoint(NamedTuple):
    """A place where one vendor pushes for one tenant."""

    name: str
    connector: Connector
    setup: Setup

    def session(self, query: Mapping[str, str], *, pseudonym_key: bytes = b"") -> Session:
        """What is known before the first payload. Raises `RecordError` naming the parameter at fault."""
        told = {name: query[name] for name in FACTS if query.get(name)}
        return Session(
            name=self.name,
            setup=self.setup,
            conversation_id=told.get("conversation_id"),
            customer_id=told.get("customer_id"),
            agent_id=told.get("agent_id"),
            queue=told.get("queue", self.setup.queue),
            channel=told.get("channel", self.setup.channel),
            language=told.get("language", self.setup.language),
            started_ms=_started_ms(query.get("started")),
            roles={**self.setup.roles, **_roles(query.get("roles", ""))},
            pseudonym_key=pseudonym_key,
        )


class Endpoints:
    """All endpoints, by name."""

    def __init__(self, file: Path | None = None) -> None:
        self._setups = {} if file is None else _read(file)

    def names(self) -> list[str]:
        """All names there are."""
        return sorted({*registry.names(), *self._setups})

    def find(self, name: str) -> Endpoint | None:
        """The endpoint of that name, if there is one."""
        setup = self._setups.get(name, Setup())
        kind = setup.connector or name
        if kind not in registry.names():
            return None
        return Endpoint(name, registry.connector(kind), setup)


def _read(file: Path) -> dict[str, Setup]:
    try:
        with file.open(encoding="utf-8") as written:
            text = written.read(SIZE_MAX + 1)
        if len(text) > SIZE_MAX:
            raise SettingsError(f"connectors_file {file}: at most {SIZE_MAX} characters")
        found = tomllib.loads(text)
    except (OSError, *UNREADABLE) as error:
        raise SettingsError(f"connectors_file {file}: {error}") from error
    setups = {}
    for name, table in found.items():
        if not _NAME.fullmatch(name):
            raise SettingsError(f"connectors_file {file}: [{name}]: letters a-z, digits and dashes")
        try:
            setup = msgspec.convert(table, Setup)
        except msgspec.ValidationError as error:
            raise SettingsError(f"connectors_file {file}: [{name}]: {error}") from error
        if (setup.connector or name) not in registry.names():
            known = ", ".join(registry.names())
            raise SettingsError(
                f"connectors_file {file}: [{name}]: set `connector` to one of {known}"
            )
        setups[name] = setup
    return setups


def _started_ms(said: str | None) -> int | None:
    if not said:
        return None
    try:
        when = datetime.fromisoformat(said.replace(" ", "+"))  # a + in an address is a space
        if when.tzinfo is not None:
            return to_ms(when)
    except ValueError:
        pass
    mend = "say when the call's audio began: 2026-11-23T10:00:00Z"
    raise RecordError("bad_time", field="started", mend=mend)


def _roles(said: str) -> dict[str, Role]:
    roles = {}
    for pair in filter(None, said.split(",")):
        track, _, role = pair.rpartition(":")
        if not track or role not in set(Role):
            mend = f"track:role, comma separated; a role is one of {', '.join(Role)}"
            raise RecordError("bad_value", field="roles", mend=mend)
        roles[track] = Role(role)
    return roles
