"""Who looks at a desk, and what proves it: short-lived signed tokens.

A token is a JWT (RFC 7519), HS256. The telephony or CRM side asks for one (`POST /v1/tokens`) when an agent
signs in there; the page renews it (`POST /v1/tokens/renewed`) until the shift (`session_s`) is over.
Secrets rotate without a restart: the first one signs, all of them verify, `kid` says which. Put the new one
first, and take the old one away when the longest token has run out.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Literal

import jwt
import msgspec

from cxstream.desk.hub import Audience
from cxstream.errors import UNREADABLE, AccessError, SettingsError

AUDIENCE = "cxstream-desk"
ALL_QUEUES = "*"
SECRET_BYTES_MIN = 32
TOKEN_MAX = 16 * 1024
"""Characters of a token; one with fifty queues has under 2,000."""
_ALGORITHM = "HS256"


class Viewer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who looks: an agent sees what is theirs, a supervisor the `queues` named (`*`: every queue).

    `grants` are the roles that approvals are checked against, as the playbook names them.
    """

    name: str
    role: Literal["agent", "supervisor"]
    tenant: str = "default"
    queues: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()

    def audiences(self, stream: str) -> tuple[Audience, ...]:
        """Whose events this viewer may hear on a stream."""
        if self.role == "agent":
            return (Audience(stream, self.tenant, f"agent:{self.name}"),)
        if self.sees_all:
            return (Audience(stream, self.tenant, "all"),)
        return tuple(Audience(stream, self.tenant, f"queue:{queue}") for queue in self.queues)

    @property
    def sees_all(self) -> bool:
        """Whether a supervisor sees every queue."""
        return self.role == "supervisor" and ALL_QUEUES in self.queues

    def sees_queue(self, queue: str | None) -> bool:
        """Whether a supervisor sees this queue; what has no queue yet is for who sees all of them."""
        return self.sees_all or (self.role == "supervisor" and queue in self.queues)


class Pass(msgspec.Struct, frozen=True):
    """A token that held: its viewer, until when (epoch seconds), and when the shift began."""

    viewer: Viewer
    until_s: float
    session_from_s: float


class Tokens:
    """Issues and reads tokens; `secrets` gives those in force, newest first, whenever it is asked."""

    def __init__(
        self,
        secrets: Callable[[], Sequence[str]],
        *,
        ttl_s: float = 900.0,
        session_s: float = 12 * 3600.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._secrets = secrets
        self._ttl_s = ttl_s
        self._session_s = session_s
        self._now = now

    def issue(self, viewer: Viewer, *, session_from_s: float | None = None) -> tuple[str, float]:
        """A token for a viewer, and until when it holds (epoch seconds)."""
        now = self._now()
        began = now if session_from_s is None else session_from_s
        until = min(now + self._ttl_s, began + self._session_s)
        claims = {
            "aud": AUDIENCE,
            "sub": viewer.name,
            "iat": now,
            "exp": until,
            "session_from": began,
            "viewer": msgspec.to_builtins(viewer),
        }
        kid, secret = next(iter(self.in_force().items()))
        return jwt.encode(claims, secret, _ALGORITHM, headers={"kid": kid}), until

    def in_force(self) -> dict[str, bytes]:
        """The secrets by their names, newest first. Raises `SettingsError` for none, or one too short."""
        secrets = [secret.encode() for secret in self._secrets()]
        if not secrets or any(len(secret) < SECRET_BYTES_MIN for secret in secrets):
            raise SettingsError(
                f"desk tokens: set a secret `desk` of at least {SECRET_BYTES_MIN} characters"
            )
        return {_kid(secret): secret for secret in secrets}

    def read(self, token: str) -> Pass:
        """Whose token it is. Raises `AccessError` for one that is forged, foreign, or over."""
        if len(token) > TOKEN_MAX:
            raise AccessError("token: not one of ours")
        try:
            secret = self.in_force().get(jwt.get_unverified_header(token).get("kid", ""))
            if secret is None:
                raise AccessError("token: signed with a secret that is not in force")
            claims = jwt.decode(
                token,
                secret,
                [_ALGORITHM],
                audience=AUDIENCE,
                # the two clocks are checked below, against ours
                options={"require": ["exp", "sub"], "verify_exp": False, "verify_iat": False},
            )
            viewer = msgspec.convert(claims["viewer"], Viewer)
            until, began = float(claims["exp"]), float(claims["session_from"])
        except (jwt.PyJWTError, KeyError, TypeError, *UNREADABLE) as error:
            raise AccessError("token: not one of ours") from error
        if until <= self._now():
            raise AccessError("token: over; ask for a new one")
        return Pass(viewer, until, began)

    def renew(self, token: str) -> tuple[str, float]:
        """A later token for the same viewer. Raises `AccessError` when the shift is over."""
        held = self.read(token)
        if held.session_from_s + self._session_s <= self._now():
            raise AccessError("token: the shift is over; sign in again")
        return self.issue(held.viewer, session_from_s=held.session_from_s)


def _kid(secret: bytes) -> str:
    """A name for a secret that gives nothing away of it."""
    return hashlib.sha256(b"kid:" + secret).hexdigest()[:12]
