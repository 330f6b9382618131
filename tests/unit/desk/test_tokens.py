"""Tokens: whose they are, how long they hold, how secrets rotate."""

from __future__ import annotations

import base64
import json

import jwt
import pytest

from cxstream.desk.tokens import Tokens, Viewer
from cxstream.errors import AccessError, SettingsError

OLD, NEW = "old-secret-of-the-tests-0123456789", "new-secret-of-the-tests-0123456789"
TOM = Viewer("tom", "agent")


class Clock:
    """Epoch seconds that stand still."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def tokens(*secrets: str, clock: Clock | None = None) -> Tokens:
    """Fifteen minutes a token, an hour a shift."""
    return Tokens(lambda: secrets, ttl_s=900, session_s=3600, now=clock or Clock())


def test_a_token_says_whose_it_is() -> None:
    held = tokens(NEW)
    kim = Viewer("kim", "supervisor", "acme", ("billing",), ("team_lead",))
    assert held.read(held.issue(kim)[0]).viewer == kim


def test_it_is_over_after_its_time() -> None:
    clock = Clock()
    held = tokens(NEW, clock=clock)
    token, until = held.issue(TOM)
    assert until == clock.now + 900
    clock.now += 900
    with pytest.raises(AccessError, match="over"):
        held.read(token)


def test_it_is_renewed_until_the_shift_is_over() -> None:
    clock = Clock()
    held = tokens(NEW, clock=clock)
    token, _ = held.issue(TOM)
    began = clock.now
    for _ in range(5):
        clock.now += 600
        token, until = held.renew(token)
    assert until == began + 3600
    clock.now = began + 3600
    with pytest.raises(AccessError):
        held.renew(token)


def test_secrets_rotate() -> None:
    before, between, after = tokens(OLD), tokens(NEW, OLD), tokens(NEW)
    old, new = before.issue(TOM)[0], between.issue(TOM)[0]
    assert between.read(old).viewer == between.read(new).viewer == after.read(new).viewer == TOM
    with pytest.raises(AccessError, match="not in force"):
        after.read(old)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(AccessError):
        tokens(NEW).read(token)


def test_a_changed_token_is_refused() -> None:
    head, body, signature = tokens(NEW).issue(TOM)[0].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["viewer"]["name"] = "lena"
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    with pytest.raises(AccessError, match="not one of ours"):
        tokens(NEW).read(f"{head}.{changed}.{signature}")


def test_an_unsigned_token_is_refused() -> None:
    held = tokens(NEW)
    kid = jwt.get_unverified_header(held.issue(TOM)[0])["kid"]
    claims = {
        "aud": "cxstream-desk",
        "sub": "tom",
        "exp": 2e9,
        "viewer": {"name": "tom", "role": "agent"},
    }
    unsigned = jwt.encode(claims, "", "none", headers={"kid": kid})
    with pytest.raises(AccessError):
        held.read(unsigned)


def test_a_token_for_another_service_is_refused() -> None:
    held = tokens(NEW)
    kid = jwt.get_unverified_header(held.issue(TOM)[0])["kid"]
    claims = {
        "aud": "elsewhere",
        "sub": "tom",
        "exp": 2e9,
        "session_from": 0,
        "viewer": {"name": "t", "role": "agent"},
    }
    with pytest.raises(AccessError):
        held.read(jwt.encode(claims, NEW, "HS256", headers={"kid": kid}))


@pytest.mark.parametrize("secrets", [(), ("short",)])
def test_a_secret_has_to_be_one(secrets: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="at least 32"):
        tokens(*secrets).issue(TOM)


def test_no_secret_stands_in_an_error() -> None:
    with pytest.raises(AccessError) as caught:
        tokens(NEW).read("a.b.c")
    assert NEW not in str(caught.value) + repr(caught.value)
