"""Tokens for desktops: the CRM or telephony side asks for one, the page renews it while the shift lasts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from cxstream.desk.doors import Doors
from cxstream.desk.faults import documented, unauthorised
from cxstream.desk.guard import Guard, documented_scheme
from cxstream.desk.tokens import Tokens, Viewer
from cxstream.errors import AccessError

SIGNIN = "signin"
"""The secret that lets a system ask for tokens; give it to no page."""

DESK = "desk"
"""The secret that tokens are signed with."""

_Name = Annotated[str, Field(min_length=1, max_length=200)]


class WhoLooks(BaseModel):
    """Whose desktop it is. An agent's `name` is the `agent_id` of the fragments."""

    model_config = ConfigDict(extra="forbid")

    name: _Name
    role: Literal["agent", "supervisor"]
    tenant: _Name = "default"
    queues: Annotated[
        tuple[_Name, ...], Field(description="a supervisor's queues; `*`: all of them")
    ] = ()
    grants: Annotated[
        tuple[_Name, ...], Field(description="roles that approvals are checked against")
    ] = ()


class Token(BaseModel):
    """A token, and until when it holds."""

    token: str
    expires_at: datetime


def router(tokens: Tokens, doors: Doors, guard: Guard) -> APIRouter:
    """`POST /v1/tokens` for systems, `POST /v1/tokens/renewed` for pages."""
    signin = APIRouter(tags=["sign in"])

    @signin.post(
        "/v1/tokens",
        summary="A token for somebody's desktop",
        responses=documented(400, 401, 422),
        dependencies=[Depends(documented_scheme)],
    )
    async def issue(request: Request, who: WhoLooks) -> Token:
        guard.check(request)
        return _token(*tokens.issue(Viewer(**who.model_dump())))

    @signin.post(
        "/v1/tokens/renewed",
        summary="A later token for the same person, until the shift is over",
        responses=documented(401),
    )
    async def renew(request: Request) -> Token:
        try:
            return _token(*tokens.renew(doors.token(request)))
        except AccessError as error:
            raise unauthorised("Authorization", str(error)) from error

    return signin


def _token(token: str, until_s: float) -> Token:
    return Token(token=token, expires_at=datetime.fromtimestamp(until_s, UTC))
