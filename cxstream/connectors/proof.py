"""How a delivery proves who sent it: over its bytes as they came, before anything of it is read.

Every comparison takes the same time whatever is offered. Two secrets hold at a time, so that they rotate.
A signature over one message counts once: `check` returns a mark, and who sees a mark again within
`REPLAY_S` refuses it. A token has no mark: it proves the sender, not the message, and a message that
comes twice is known by its ids.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple, Protocol
from urllib.parse import parse_qs, parse_qsl, urlsplit, urlunsplit

from cxstream.connectors.session import Setup
from cxstream.errors import CxError

TOLERANCE_S = 300
"""How far a signed time may be from ours."""

REPLAY_S = 3600
"""How long a signature that was accepted is remembered."""


class Delivery(NamedTuple):
    """What came: the address as the sender wrote it, headers by lower-case name, the bytes, and when."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    received_ms: int


class Unproven(CxError):
    """Who sent a delivery did not become clear; `field` says where the proof should have been."""

    def __init__(self, field: str, mend: str) -> None:
        super().__init__(f"{field}: {mend}")
        self.field = field
        self.mend = mend


class Proof(Protocol):
    """A scheme by which a vendor proves itself."""

    @property
    def keys_url(self) -> str:
        """Where the public keys are that stand in place of secrets; empty where there are secrets."""

    @property
    def told(self) -> str:
        """What the vendor has to send, for the table of connectors."""

    def check(self, delivery: Delivery, secrets: Sequence[str], setup: Setup) -> str | None:
        """Raise `Unproven`, or return the mark of a signature that counts once (None: a token)."""


@dataclass(frozen=True)
class Token:
    """A secret that is sent along: as bearer token, as password, or in a header that the vendor chose."""

    headers: tuple[str, ...] = ("x-api-key",)
    keys_url: str = ""

    @property
    def told(self) -> str:
        """See `Proof`."""
        return f"bearer token, or `{self.headers[0]}`"

    def check(self, delivery: Delivery, secrets: Sequence[str], setup: Setup) -> str | None:
        """See `Proof`."""
        for offered in self._offered(delivery.headers):
            if _equal_to_any(offered.encode("utf-8", "replace"), (s.encode() for s in secrets)):
                return None
        raise Unproven(
            "Authorization", f"send the secret as a bearer token, or as {self.headers[0]}"
        )

    def _offered(self, headers: Mapping[str, str]) -> list[str]:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        offered = [headers[name] for name in self.headers if name in headers]
        if scheme.lower() == "basic":
            given = _decoded(given).decode("utf-8", "replace").partition(":")[2]
        return [*offered, given.strip()] if given else offered


@dataclass(frozen=True)
class Signed:
    """An HMAC over the body, with a signed time before it where the vendor has one.

    `before` stands between time and body. The header may begin with a `prefix` such as `sha256=`.
    """

    header: str
    algorithm: Literal["sha1", "sha256"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    time_header: str = ""
    between: bytes = b""
    keys_url: str = ""

    @property
    def told(self) -> str:
        """See `Proof`."""
        return f"`{self.header}`" + ("" if self.time_header else " (no time in it)")

    def check(self, delivery: Delivery, secrets: Sequence[str], setup: Setup) -> str | None:
        """See `Proof`."""
        given = delivery.headers.get(self.header, "")
        if not given.startswith(self.prefix) or not given:
            raise Unproven(self.header, "sign the body; the header is missing or not in its form")
        signed = delivery.body
        if self.time_header:
            said = delivery.headers.get(self.time_header, "")
            check_time(said, delivery.received_ms, self.time_header)
            signed = said.encode("utf-8", "replace") + self.between + signed
        offered = given.removeprefix(self.prefix).strip()
        if not _equal_to_any(
            offered.encode("utf-8", "replace"), (self._made(s, signed) for s in secrets)
        ):
            raise Unproven(self.header, "sign with the secret that is configured here")
        return offered

    def _made(self, secret: str, signed: bytes) -> bytes:
        digest = hmac.new(secret.encode(), signed, self.algorithm)
        return (
            base64.b64encode(digest.digest())
            if self.encoding == "base64"
            else digest.hexdigest().encode()
        )


@dataclass(frozen=True)
class TwilioSigned:
    """Twilio's signature: HMAC-SHA1 over the public address and the form's fields, in the order of their
    names.

    A JSON body is signed by its hash, which stands in the address. Twilio signs the address with or without
    the default port, so both are tried. Source: "Validate requests from Twilio",
    twilio.com/docs/usage/security.
    """

    header: str = "x-twilio-signature"
    keys_url: str = ""

    @property
    def told(self) -> str:
        """See `Proof`."""
        return f"`{self.header}`; the secret is the auth token"

    def check(self, delivery: Delivery, secrets: Sequence[str], setup: Setup) -> str | None:
        """See `Proof`."""
        offered = delivery.headers.get(self.header, "")
        if not offered:
            raise Unproven(self.header, "point Twilio here; it signs what it sends")
        fields = b""
        hashed = parse_qs(urlsplit(delivery.url).query).get("bodySHA256")
        if hashed:
            found = hashlib.sha256(delivery.body).hexdigest()
            if not _equal_to_any(hashed[0].lower().encode("utf-8", "replace"), [found.encode()]):
                raise Unproven("bodySHA256", "the body is not the one that was signed")
        else:
            fields = _sorted_fields(delivery.body)
        made = (
            base64.b64encode(hmac.new(s.encode(), url.encode() + fields, "sha1").digest())
            for s in secrets
            for url in _with_and_without_port(delivery.url)
        )
        if not _equal_to_any(offered.encode("utf-8", "replace"), made):
            raise Unproven(self.header, "the signature is another: check auth token and public_url")
        return offered


def check_time(said: str, received_ms: int, header: str) -> None:
    """Raise `Unproven` unless a signed time (epoch seconds or RFC 3339) is within the tolerance."""
    try:
        if said.replace(".", "", 1).isdecimal():
            at_s = float(said)
        else:
            when = datetime.fromisoformat(said)
            at_s = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Unproven(header, "send the time at which it was signed") from None
    if not abs(received_ms / 1000 - at_s) <= TOLERANCE_S:
        raise Unproven(header, f"signed too long ago: a signature holds for {TOLERANCE_S} s")


def _equal_to_any(offered: bytes, valid: Iterable[bytes]) -> bool:
    found = False
    for one in valid:
        found |= hmac.compare_digest(offered, one)
    return found


def _decoded(given: str) -> bytes:
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _sorted_fields(body: bytes) -> bytes:
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return "".join(name + value for name, value in sorted(set(pairs))).encode("utf-8", "replace")


def _with_and_without_port(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.netloc.endswith(f":{parts.port}"):
        other = parts.netloc.removesuffix(f":{parts.port}")
    else:
        other = f"{parts.netloc or host}:{443 if parts.scheme == 'https' else 80}"
    return url, urlunsplit(parts._replace(netloc=other))
